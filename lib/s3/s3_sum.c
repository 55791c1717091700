/* One face for CRCs and hashes. */
#include "s3/s3_sum.h"

#include "base/codec.h"
#include "crypto/crc.h"

const char *s3_sum_header(enum s3_sum_kind kind)
{
	static const char *const headers[S3_SUM_KINDS] = {
		[S3_SUM_NONE] = "",
		[S3_SUM_CRC64NVME] = "x-amz-checksum-crc64nvme",
		[S3_SUM_CRC32C] = "x-amz-checksum-crc32c",
		[S3_SUM_CRC32] = "x-amz-checksum-crc32",
		[S3_SUM_SHA256] = "x-amz-checksum-sha256",
		[S3_SUM_SHA1] = "x-amz-checksum-sha1",
		[S3_SUM_MD5] = "Content-MD5",
	};
	return headers[kind];
}

void s3_sum_init(struct s3_sum *s, enum s3_sum_kind kind)
{
	*s = (struct s3_sum){ .kind = kind };
	if (kind == S3_SUM_SHA256)
		digest_sha256_init(&s->state.sha256);
	else if (kind == S3_SUM_SHA1)
		digest_sha1_init(&s->state.sha1);
	else if (kind == S3_SUM_MD5)
		digest_md5_init(&s->state.md5);
}

void s3_sum_add(struct s3_sum *s, const void *p, size_t len)
{
	switch (s->kind) {
	case S3_SUM_CRC64NVME:
		s->state.crc64 = crc_64nvme(s->state.crc64, p, len);
		break;
	case S3_SUM_CRC32C:
		s->state.crc32 = crc_32c(s->state.crc32, p, len);
		break;
	case S3_SUM_CRC32:
		s->state.crc32 = crc_32(s->state.crc32, p, len);
		break;
	case S3_SUM_SHA256:
		digest_sha256_add(&s->state.sha256, p, len);
		break;
	case S3_SUM_SHA1:
		digest_sha1_add(&s->state.sha1, p, len);
		break;
	case S3_SUM_MD5:
		digest_md5_add(&s->state.md5, p, len);
		break;
	case S3_SUM_NONE:
	case S3_SUM_KINDS:
		break;
	}
}

static size_t number(uint64_t n, size_t len, unsigned char *out)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (unsigned char)(n >> (8 * (len - 1 - i)));
	return len;
}

size_t s3_sum_out(const struct s3_sum *s, unsigned char out[S3_SUM_BYTES_MAX])
{
	switch (s->kind) {
	case S3_SUM_CRC64NVME:
		return number(s->state.crc64, 8, out);
	case S3_SUM_CRC32C:
	case S3_SUM_CRC32:
		return number(s->state.crc32, 4, out);
	case S3_SUM_SHA256:
		digest_sha256_out(&s->state.sha256, out);
		return DIGEST_SHA256_LEN;
	case S3_SUM_SHA1:
		digest_sha1_out(&s->state.sha1, out);
		return DIGEST_SHA1_LEN;
	case S3_SUM_MD5:
		digest_md5_out(&s->state.md5, out);
		return DIGEST_MD5_LEN;
	case S3_SUM_NONE:
	case S3_SUM_KINDS:
		break;
	}
	return 0;
}

char *s3_sum_text(const struct s3_sum *s, char text[S3_SUM_TEXT_MAX])
{
	unsigned char bytes[S3_SUM_BYTES_MAX];
	BUF_AUTO out = buf_make(S3_SUM_TEXT_MAX);
	codec_base64(bytes, s3_sum_out(s, bytes), &out);
	if (str_copy(buf_str(&out), text, S3_SUM_TEXT_MAX))
		text[0] = '\0';
	return text;
}
