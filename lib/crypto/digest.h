/* SHA-256, HMAC-SHA-256, SHA-1 and MD5. SHA-256 uses the CPU's SHA instructions when there, chosen at run time. */
#ifndef WS_CRYPTO_DIGEST_H
#define WS_CRYPTO_DIGEST_H

#include "base/defs.h"
#include "base/str.h"

enum { DIGEST_SHA256_LEN = 32, DIGEST_SHA256_HEX = 65, DIGEST_SHA1_LEN = 20, DIGEST_MD5_LEN = 16 };

struct digest_sha256 {
	uint32_t state[8];
	uint64_t total;
	unsigned char block[64];
};

void digest_sha256_init(struct digest_sha256 *d);
void digest_sha256_add(struct digest_sha256 *d, const void *p, size_t len);
/* The hash of what was added so far; `d` may go on. */
void digest_sha256_out(const struct digest_sha256 *d, unsigned char out[DIGEST_SHA256_LEN]);

/* In one call, and as lower-case hex. */
void digest_sha256_of(const void *p, size_t len, unsigned char out[DIGEST_SHA256_LEN]);
char *digest_sha256_hex(const void *p, size_t len, char out[DIGEST_SHA256_HEX]);
void digest_hmac_sha256(struct str key, struct str data, unsigned char out[DIGEST_SHA256_LEN]);

/* MD5 in pieces. */
struct digest_md5 {
	_Alignas(16) unsigned char space[128]; /* the library's own */
};
void digest_md5_init(struct digest_md5 *d);
void digest_md5_add(struct digest_md5 *d, const void *p, size_t len);
/* The hash of what was added so far; `d` may go on. */
void digest_md5_out(const struct digest_md5 *d, unsigned char out[DIGEST_MD5_LEN]);
void digest_md5_of(const void *p, size_t len, unsigned char out[DIGEST_MD5_LEN]);

/* SHA-1 in pieces: to check what others computed, not to rely on. */
struct digest_sha1 {
	_Alignas(16) unsigned char space[128]; /* the library's own */
};
void digest_sha1_init(struct digest_sha1 *d);
void digest_sha1_add(struct digest_sha1 *d, const void *p, size_t len);
/* The hash of what was added so far; `d` may go on. */
void digest_sha1_out(const struct digest_sha1 *d, unsigned char out[DIGEST_SHA1_LEN]);

/* For tests: the portable code instead of the CPU's instructions. */
void digest_sha256_portable(uint32_t state[8], const unsigned char *blocks, size_t count);

#endif
