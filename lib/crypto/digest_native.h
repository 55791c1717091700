/* SHA-256 by the CPU's SHA instructions. Only where cpu_has_sha256(). */
#ifndef WS_CRYPTO_DIGEST_NATIVE_H
#define WS_CRYPTO_DIGEST_NATIVE_H

#include "base/defs.h"

/* The round constants, FIPS 180-4 section 4.2.2. */
extern const uint32_t digest_sha256_k[64];

/* Run `count` blocks of 64 bytes through the compression function. */
void digest_native_blocks(uint32_t state[8], const unsigned char *blocks, size_t count);

/* The same for two states and two runs of blocks side by side. */
void digest_native_two(uint32_t state_a[8], const unsigned char *a, uint32_t state_b[8],
                       const unsigned char *b, size_t count);

#endif
