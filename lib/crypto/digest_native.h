/* SHA-256 by the CPU's SHA instructions. Only where cpu_has_sha256(). */
#ifndef WS_CRYPTO_DIGEST_NATIVE_H
#define WS_CRYPTO_DIGEST_NATIVE_H

#include "base/defs.h"

/* The round constants, FIPS 180-4 section 4.2.2. */
extern const uint32_t digest_sha256_k[64];

/* Run `count` blocks of 64 bytes through the compression function. */
void digest_native_blocks(uint32_t state[8], const unsigned char *blocks, size_t count);

#endif
