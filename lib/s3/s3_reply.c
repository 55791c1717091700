/* What an answer's head says, and its body piece by piece. */
#include "s3/s3_reply.h"
#include "base/datetime.h"
#include "base/num.h"
#include "s3/s3_request.h"

enum { END_MAX = 64 }; /* of the last chunk and what follows it */

static void keep(const struct http_head *h, const char *name, char *out, size_t cap)
{
	if (str_copy(http_parse_field(h, name), out, cap))
		out[0] = '\0';
}

static int64_t http_date_ms(const struct http_head *h, const char *name)
{
	int64_t seconds;
	return datetime_parse_imf(http_parse_field(h, name), &seconds) ? 0 : seconds * 1000;
}

/* Retry-After in seconds; dates in it are not used by S3 servers. */
static int64_t retry_after_ms(const struct http_head *h)
{
	uint64_t value;
	struct str ms = http_parse_field(h, "x-amz-retry-after");
	if (ms.len > 0 && num_parse_digits(ms, 10, &value) == 0)
		return value < RETRY_AFTER_MAX_MS ? (int64_t)value : RETRY_AFTER_MAX_MS;
	struct str seconds = http_parse_field(h, "Retry-After");
	if (seconds.len == 0 || num_parse_digits(seconds, 10, &value))
		return -1;
	return value < RETRY_AFTER_MAX_MS / 1000 ? (int64_t)value * 1000 : RETRY_AFTER_MAX_MS;
}

/* "bytes 0-9/100" (RFC 9110 section 14.4); an unknown total ("*") is no use to us. */
static bool parse_range(struct str s, struct s3_reply *reply)
{
	struct str first, last, total;
	if (!str_eq_nocase(str_head(s, 6), S("bytes ")))
		return false;
	s = str_skip(s, 6);
	return str_cut(s, '-', &first, &s) && str_cut(s, '/', &last, &total) &&
	       num_parse_digits(first, 10, &reply->range_first) == 0 &&
	       num_parse_digits(last, 10, &reply->range_last) == 0 &&
	       num_parse_digits(total, 10, &reply->range_total) == 0 &&
	       reply->range_first <= reply->range_last && reply->range_last < reply->range_total;
}

/* "base64" or, of the sums of so many parts, "base64-7". */
static bool claim_by_header(struct str field, struct s3_claim *claim)
{
	struct str value, parts;
	if (field.len == 0)
		return false;
	bool composite = str_cut(field, '-', &value, &parts);
	return (!composite ||
	        (num_parse_digits(parts, 10, &claim->parts) == 0 && claim->parts > 0)) &&
	       str_copy(value, claim->value, sizeof(claim->value)) == 0;
}

static void take_claim(const struct http_head *h, struct s3_claim *claim)
{
	*claim = (struct s3_claim){ .kind = S3_SUM_NONE };
	for (int kind = S3_SUM_CRC64NVME; kind < S3_SUM_MD5; kind++) {
		struct str field = http_parse_field(h, s3_sum_header((enum s3_sum_kind)kind));
		if (!claim_by_header(field, claim))
			continue;
		claim->kind = (enum s3_sum_kind)kind;
		return;
	}
	claim->parts = 0;
}

void s3_reply_take_head(struct s3_reply *reply, const struct http_head *h)
{
	struct s3_object *o = &reply->object;
	reply->status = h->status;
	reply->has_size = h->has_length;
	reply->date_ms = http_date_ms(h, "Date");
	reply->retry_after_ms = retry_after_ms(h);
	reply->has_range = parse_range(http_parse_field(h, "Content-Range"), reply);
	keep(h, "x-amz-bucket-region", reply->region, sizeof(reply->region));
	keep(h, "x-amz-request-id", reply->request_id, sizeof(reply->request_id));
	o->size_bytes = h->has_length ? h->length : 0;
	o->modified_ms = http_date_ms(h, "Last-Modified");
	s3_etag_keep(http_parse_field(h, "ETag"), o->etag);
	take_claim(h, &reply->claim);
	keep(h, "Content-Type", o->content_type, sizeof(o->content_type));
	keep(h, "x-amz-storage-class", o->storage_class, sizeof(o->storage_class));
	keep(h, "x-amz-version-id", o->version_id, sizeof(o->version_id));
	keep(h, "x-amz-meta-ws-save", o->save_id, sizeof(o->save_id));
}

int s3_reply_read(struct s3_reply *reply, void *p, size_t len, size_t *got, struct err *e)
{
	if (s3_stopped(reply->s3))
		return stop_fail(e);
	return http_read_body(reply->conn->http, p, len, got, e);
}

int s3_reply_end(struct s3_reply *reply, struct err *e)
{
	struct err ignored = ERR_INIT;
	char more[END_MAX];
	size_t got = 0;
	if (reply->has_size || s3_reply_read(reply, more, sizeof(more), &got, &ignored) || got == 0)
		return 0;
	return err_set(e, ERR_KIND_DATA, "the answer is longer than it says");
}

void s3_reply_release(struct s3_reply *reply)
{
	s3_conn_give(reply->s3, reply->conn);
	reply->conn = NULL;
}

void s3_reply_free(struct s3_reply *reply)
{
	s3_reply_release(reply);
	if (reply->keys)
		keyring_give(reply->s3->keyring, reply->keys);
	reply->keys = NULL;
	buf_free(&reply->body);
}
