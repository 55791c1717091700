/* Checksums of uploads. */
#include "s3/s3_checksum.h"

#include "base/mem.h"
#include "os/sys.h"

enum { CHUNK = 65536 };

static int read_wish(const char *name, bool *wanted, struct err *e)
{
	const char *value = sys_env(name);
	struct str wish = str_of(value);
	*wanted = !value || str_eq_nocase(wish, S("when_supported"));
	if (*wanted || str_eq_nocase(wish, S("when_required")))
		return 0;
	return err_set(e, ERR_KIND_CONFIG, "%s must be when_supported or when_required", name);
}

int s3_checksum_init(struct s3 *s3, struct err *e)
{
	bool wanted;
	if (read_wish("AWS_REQUEST_CHECKSUM_CALCULATION", &wanted, e) ||
	    read_wish("AWS_RESPONSE_CHECKSUM_VALIDATION", &s3->verify, e))
		return -1;
	atomic_store(&s3->checksum, wanted ? S3_CHECKSUM_CRC : S3_CHECKSUM_NONE);
	return 0;
}

static int feed_all(struct s3_sum *s, const struct http_body *body, struct err *e)
{
	if (body->bytes) {
		s3_sum_add(s, body->bytes, (size_t)body->len);
		return 0;
	}
	MEM_AUTO char *chunk = mem_new(1, CHUNK);
	for (uint64_t at = 0; at < body->len;) {
		size_t got = 0;
		uint64_t left = body->len - at;
		if (body->read(body->ctx, at, chunk, left < CHUNK ? (size_t)left : CHUNK, &got, e))
			return -1;
		s3_sum_add(s, chunk, got);
		at += got;
	}
	return 0;
}

int s3_checksum_add(const struct s3 *s3, int step, struct s3_request *r, char text[S3_SUM_TEXT_MAX],
                    struct err *e)
{
	struct s3_sum s;
	if (step == S3_CHECKSUM_NONE || !r->body)
		return 0;
	s3_sum_init(&s, step == S3_CHECKSUM_MD5          ? S3_SUM_MD5
	                : endpoint_is_aws(&s3->endpoint) ? S3_SUM_CRC64NVME
	                                                 : S3_SUM_CRC32C);
	if (feed_all(&s, r->body, e))
		return -1;
	s3_request_header(r, str_of(s3_sum_header(s.kind)), str_of(s3_sum_text(&s, text)));
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
