/* Buckets: list, create, remove. And presigned URLs, which make no request. */
#include <string.h>

#include "base/datetime.h"
#include "base/mem.h"
#include "os/sys.h"
#include "s3/s3_request.h"
#include "s3/xml.h"

enum { LEAF_MAX = 65536, BUCKETS_LIMIT = 100000, PRESIGN_MOST_S = 604800, PATH_MOST = 16384 };

static int parse_buckets(struct str body, struct s3_bucket **out, size_t *count, struct err *e)
{
	struct xml x;
	struct s3_bucket now = { .name = "" };
	BUF_AUTO text = buf_make(LEAF_MAX);
	int more;
	*count = 0;
	xml_open(&x, str_trim(body));
	while ((more = xml_next_close(&x, &text, e)) > 0) {
		bool inside = x.depth == 3 && str_is(x.open[2], "Bucket");
		if (inside && str_is(x.name, "Name") &&
		    str_copy(buf_str(&text), now.name, sizeof(now.name)))
			now.name[0] = '\0';
		if (inside && str_is(x.name, "CreationDate") &&
		    datetime_parse_iso(buf_str(&text), &now.created_ms))
			now.created_ms = 0;
		if (x.depth != 2 || !str_is(x.name, "Bucket") || now.name[0] == '\0')
			continue;
		if (*count == BUCKETS_LIMIT)
			return err_set(e, ERR_KIND_DATA, "more than %d buckets", BUCKETS_LIMIT);
		if ((*count & (*count - 1)) == 0)
			*out = mem_grow(*out, *count > 0 ? *count * 2 : 1, sizeof(**out));
		(*out)[(*count)++] = now;
		now = (struct s3_bucket){ .name = "" };
	}
	return more;
}

int s3_list_buckets(struct s3 *s3, struct s3_bucket **out, size_t *count, struct err *e)
{
	S3_REPLY_AUTO reply = { .s3 = NULL };
	struct s3_request r = s3_request_make("GET", S(""), S(""));
	r.root = "ListAllMyBucketsResult";
	*out = NULL;
	if (s3_request_run(s3, &r, &reply, e) == 0 &&
	    parse_buckets(buf_str(&reply.body), out, count, e) == 0)
		return 0;
	mem_free(*out);
	*out = NULL;
	return err_context(e, "list buckets");
}

int s3_make_bucket(struct s3 *s3, struct str bucket, struct err *e)
{
	S3_REPLY_AUTO reply = { .s3 = NULL };
	BUF_AUTO document = buf_make(1024);
	struct s3_request r = s3_request_make("PUT", bucket, S(""));
	/* Other servers have one region, and some refuse to be told. */
	bool constrain = endpoint_is_aws(&s3->endpoint) && !str_is(S("us-east-1"), s3->region);
	buf_printf(&document,
	           "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
	           "<LocationConstraint>%s</LocationConstraint></CreateBucketConfiguration>",
	           s3->region);
	struct http_body body = { .len = document.len, .bytes = document.p };
	r.body = constrain ? &body : NULL;
	if (s3_request_run(s3, &r, &reply, e))
		return s3_error_context(e, "make bucket", bucket, S(""));
	return 0;
}

int s3_remove_bucket(struct s3 *s3, struct str bucket, struct err *e)
{
	S3_REPLY_AUTO reply = { .s3 = NULL };
	struct s3_request r = s3_request_make("DELETE", bucket, S(""));
	if (s3_request_run(s3, &r, &reply, e))
		return s3_error_context(e, "remove bucket", bucket, S(""));
	return 0;
}

static int presign(struct s3 *s3, const struct credentials *keys, const char *method,
                   struct str bucket, struct str key, uint64_t seconds, struct buf *out,
                   struct err *e)
{
	struct endpoint_place place;
	char region[ENDPOINT_REGION_MAX + 1];
	BUF_AUTO path = buf_make(PATH_MOST);
	s3_region_of(s3, bucket, region);
	if (endpoint_place(&s3->endpoint, bucket, region, &place, e))
		return -1;
	endpoint_path(&s3->endpoint, &place, bucket, key, &path);
	struct sigv4_pair host = { S("host"), str_of(place.host_field) };
	struct sigv4_pair version = { S("versionId"),
		                      s3->version_id ? str_of(s3->version_id) : S("") };
	struct sigv4_request r = {
		.method = method,
		.path = buf_str(&path),
		.query = &version,
		.query_count = version.value.len > 0,
		.headers = &host,
		.header_count = 1,
		.payload_hash = S("UNSIGNED-PAYLOAD"),
	};
	struct sigv4_scope scope = {
		.access_key = str_of(keys->access_key),
		.secret_key = str_of(keys->secret_key),
		.session_token = str_of(keys->session_token),
		.region = str_of(region),
		.service = S("s3"),
		.time_s = sys_now_ms() / 1000,
	};
	buf_printf(out, "%s://%s", place.url.https ? "https" : "http", place.host_field);
	sigv4_encode_path(buf_str(&path), out);
	buf_add_char(out, '?');
	return sigv4_presign(&r, &scope, seconds, out, e);
}

int s3_presign(struct s3 *s3, const char *method, struct str bucket, struct str key,
               uint64_t seconds, struct buf *out, struct err *e)
{
	struct keyring_keys *keys;
	if (!s3->keyring)
		return err_set(e, ERR_KIND_DENIED, "a presigned URL needs credentials");
	if (seconds < 1 || seconds > PRESIGN_MOST_S)
		return err_set(e, ERR_KIND_USAGE,
		               "a presigned URL is valid for 1 second to 7 days");
	if (s3->version_id && strcmp(method, "GET") != 0)
		return err_set(e, ERR_KIND_USAGE, "--version-id is for reading");
	if (keyring_take(s3->keyring, s3->stop, &keys, e))
		return -1;
	int result = presign(s3, &keys->value, method, bucket, key, seconds, out, e);
	keyring_give(s3->keyring, keys);
	if (result)
		return s3_error_context(e, "presign", bucket, key);
	return 0;
}
