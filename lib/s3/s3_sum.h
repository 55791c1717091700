/* The checksums that S3 knows, in pieces, and as it writes them (internal to lib/s3). */
#ifndef WS_S3_S3_SUM_H
#define WS_S3_S3_SUM_H

#include "base/defs.h"
#include "base/str.h"
#include "crypto/digest.h"

/* By preference, where an object has several. */
enum s3_sum_kind {
	S3_SUM_NONE,
	S3_SUM_CRC64NVME,
	S3_SUM_CRC32C,
	S3_SUM_CRC32,
	S3_SUM_SHA256,
	S3_SUM_SHA1,
	S3_SUM_MD5,
	S3_SUM_KINDS,
};
enum { S3_SUM_BYTES_MAX = DIGEST_SHA256_LEN, S3_SUM_TEXT_MAX = 48 };

struct s3_sum {
	enum s3_sum_kind kind;
	union {
		uint32_t crc32;
		uint64_t crc64;
		struct digest_sha256 sha256;
		struct digest_sha1 sha1;
		struct digest_md5 md5;
	} state;
};

/* The header that carries it: "x-amz-checksum-crc32c", "Content-MD5". */
const char *s3_sum_header(enum s3_sum_kind kind);
void s3_sum_init(struct s3_sum *s, enum s3_sum_kind kind);
void s3_sum_add(struct s3_sum *s, const void *p, size_t len);
/* The sum of what was added so far, most significant byte first; returns its length. */
size_t s3_sum_out(const struct s3_sum *s, unsigned char out[S3_SUM_BYTES_MAX]);
/* The same in base64. Returns text. */
char *s3_sum_text(const struct s3_sum *s, char text[S3_SUM_TEXT_MAX]);

#endif
