/* Checksums of uploads. */
#include "s3/s3_checksum.h"

#include "base/codec.h"
#include "base/mem.h"
#include "crypto/crc.h"
#include "crypto/digest.h"
#include "os/sys.h"

enum { CHUNK = 65536 };

int s3_checksum_init(struct s3 *s3, struct err *e)
{
	const char *name = "AWS_REQUEST_CHECKSUM_CALCULATION";
	const char *value = sys_env(name);
	struct str wish = str_of(value);
	atomic_store(&s3->checksum, S3_CHECKSUM_CRC);
	if (!value || str_eq_nocase(wish, S("when_supported")))
		return 0;
	if (!str_eq_nocase(wish, S("when_required")))
		return err_set(e, ERR_KIND_CONFIG, "%s must be when_supported or when_required",
		               name);
	atomic_store(&s3->checksum, S3_CHECKSUM_NONE);
	return 0;
}

struct sums {
	bool want_md5, want_64;
	struct digest_md5 md5;
	uint64_t crc64;
	uint32_t crc32;
};

static void feed(struct sums *s, const void *p, size_t len)
{
	if (s->want_md5)
		digest_md5_add(&s->md5, p, len);
	else if (s->want_64)
		s->crc64 = crc_64nvme(s->crc64, p, len);
	else
		s->crc32 = crc_32c(s->crc32, p, len);
}

static int feed_all(struct sums *s, const struct http_body *body, struct err *e)
{
	if (body->bytes) {
		feed(s, body->bytes, (size_t)body->len);
		return 0;
	}
	MEM_AUTO char *chunk = mem_new(1, CHUNK);
	for (uint64_t at = 0; at < body->len;) {
		size_t got = 0;
		uint64_t left = body->len - at;
		if (body->read(body->ctx, at, chunk, left < CHUNK ? (size_t)left : CHUNK, &got, e))
			return -1;
		feed(s, chunk, got);
		at += got;
	}
	return 0;
}

/* Most significant byte first, in base64. */
static int write_number(uint64_t number, size_t len, char text[S3_CHECKSUM_TEXT_MAX])
{
	unsigned char bytes[8];
	BUF_AUTO out = buf_make(S3_CHECKSUM_TEXT_MAX);
	for (size_t i = 0; i < len; i++)
		bytes[i] = (unsigned char)(number >> (8 * (len - 1 - i)));
	codec_base64(bytes, len, &out);
	return str_copy(buf_str(&out), text, S3_CHECKSUM_TEXT_MAX);
}

static int write_md5(const struct digest_md5 *md5, char text[S3_CHECKSUM_TEXT_MAX])
{
	unsigned char hash[DIGEST_MD5_LEN];
	BUF_AUTO out = buf_make(S3_CHECKSUM_TEXT_MAX);
	digest_md5_out(md5, hash);
	codec_base64(hash, sizeof(hash), &out);
	return str_copy(buf_str(&out), text, S3_CHECKSUM_TEXT_MAX);
}

int s3_checksum_add(const struct s3 *s3, int step, struct s3_request *r,
                    char text[S3_CHECKSUM_TEXT_MAX], struct err *e)
{
	struct sums s = { .want_md5 = step == S3_CHECKSUM_MD5 };
	if (step == S3_CHECKSUM_NONE || !r->body)
		return 0;
	s.want_64 = endpoint_is_aws(&s3->endpoint);
	digest_md5_init(&s.md5);
	if (feed_all(&s, r->body, e))
		return -1;
	int failed = s.want_md5  ? write_md5(&s.md5, text)
	             : s.want_64 ? write_number(s.crc64, 8, text)
	                         : write_number(s.crc32, 4, text);
	struct str name = s.want_md5  ? S("Content-MD5")
	                  : s.want_64 ? S("x-amz-checksum-crc64nvme")
	                              : S("x-amz-checksum-crc32c");
	if (failed)
		return err_set(e, ERR_KIND_BUG, "no room for a checksum");
	s3_request_header(r, name, str_of(text));
	r->unsigned_payload = !s3->endpoint.text || s3->endpoint.url.https;
	return 0;
}

bool s3_checksum_refused(int step, const struct err *e)
{
	static const char *const codes[] = { "NotImplemented", "InvalidRequest", "InvalidArgument",
		                             "InvalidHeader" };
	if (step == S3_CHECKSUM_NONE || (e->status != 400 && e->status != 501))
		return false;
	for (size_t i = 0; i < COUNTOF(codes); i++)
		if (str_is(str_of(e->code), codes[i]))
			return true;
	return e->status == 501;
}
