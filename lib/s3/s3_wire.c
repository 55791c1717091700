/* The head of a request as text, with its signature. */
#include <stdio.h>

#include "base/datetime.h"
#include "s3/s3_request.h"

enum { EXPECT_OVER = 1 << 20, FIXED_HEADERS = 4 };

struct s3_request s3_request_make(const char *method, struct str bucket, struct str key)
{
	return (struct s3_request){ .method = method, .bucket = bucket, .key = key };
}

/* Counting on past the end makes s3_wire_head refuse the request. */
void s3_request_query(struct s3_request *r, const char *name, struct str value)
{
	if (r->query_count < S3_REQUEST_QUERY_MAX)
		r->query[r->query_count] = (struct sigv4_pair){ str_of(name), value };
	r->query_count++;
}

void s3_request_header(struct s3_request *r, struct str name, struct str value)
{
	if (r->header_count < S3_REQUEST_HEADERS_MAX)
		r->headers[r->header_count] = (struct sigv4_pair){ name, value };
	r->header_count++;
}

static int add_further(struct s3_request *r, const struct s3_put *put, struct err *e)
{
	for (size_t i = 0; i < put->header_count; i++) {
		struct str name, value;
		if (!str_cut(put->headers[i], ':', &name, &value) || name.len == 0)
			return err_set(e, ERR_KIND_USAGE,
			               "a header must look like \"Name: value\"");
		s3_request_header(r, name, str_trim(value));
	}
	return 0;
}

int s3_request_put_headers(struct s3_request *r, const struct s3_put *put,
                           char etag[S3_ETAG_QUOTED_MAX], struct err *e)
{
	static const struct s3_put plain = { .content_type = NULL };
	if (!put)
		put = &plain;
	s3_request_header(
		r, S("Content-Type"),
		str_of(put->content_type ? put->content_type : "application/octet-stream"));
	if (put->save_id)
		s3_request_header(r, S("x-amz-meta-ws-save"), str_of(put->save_id));
	if (put->if_match)
		s3_request_header(r, S("If-Match"), s3_etag_quote(put->if_match, etag));
	if (put->if_none_match)
		s3_request_header(r, S("If-None-Match"), S("*"));
	return add_further(r, put, e);
}

static bool is_token(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] <= ' ' || s.p[i] > '~' || s.p[i] == ':')
			return false;
	return s.len > 0;
}

static bool is_field_value(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
			return false;
	return true;
}

/* What could end a line of the head early never gets into one. */
static int check(const struct s3_request *r, struct err *e)
{
	if (r->query_count > S3_REQUEST_QUERY_MAX || r->header_count > S3_REQUEST_HEADERS_MAX)
		return err_set(e, ERR_KIND_USAGE, "too many headers or parameters for one request");
	if (r->key.len > S3_KEY_MAX)
		return err_set(e, ERR_KIND_USAGE, "the key is longer than %d bytes", S3_KEY_MAX);
	for (size_t i = 0; i < r->header_count; i++)
		if (!is_token(r->headers[i].name) || !is_field_value(r->headers[i].value))
			return err_set(e, ERR_KIND_USAGE,
			               "a header has bytes in it that headers cannot have");
	return 0;
}

static void add_field(struct buf *out, struct str name, struct str value)
{
	buf_add_str(out, name);
	buf_add(out, ": ", 2);
	buf_add_str(out, value);
	buf_add(out, "\r\n", 2);
}

static int add_signature(const struct s3_wire *w, struct str path, const struct sigv4_pair *headers,
                         size_t count, struct buf *out, struct err *e)
{
	struct sigv4_request r = {
		.method = w->request->method,
		.path = path,
		.query = w->request->query,
		.query_count = w->request->query_count,
		.headers = headers,
		.header_count = count,
		.payload_hash = str_of(w->payload_hash),
	};
	struct sigv4_scope scope = {
		.access_key = str_of(w->keys->access_key),
		.secret_key = str_of(w->keys->secret_key),
		.region = str_of(w->region),
		.service = S("s3"),
		.time_s = w->time_s,
	};
	buf_add_text(out, "Authorization: ");
	if (sigv4_authorization(&r, &scope, out, e))
		return -1;
	buf_add(out, "\r\n", 2);
	return 0;
}

static int add_fields(const struct s3_wire *w, struct str path, struct buf *out, struct err *e)
{
	struct sigv4_pair all[S3_REQUEST_HEADERS_MAX + FIXED_HEADERS];
	char date[DATETIME_TEXT_MAX];
	const struct s3_request *r = w->request;
	bool sign = w->keys != NULL;
	size_t count = 0;
	all[count++] = (struct sigv4_pair){ S("Host"), str_of(w->place->host_field) };
	if (sign) {
		struct str token = str_of(w->keys->session_token);
		datetime_basic(w->time_s, date);
		all[count++] =
			(struct sigv4_pair){ S("x-amz-content-sha256"), str_of(w->payload_hash) };
		all[count++] = (struct sigv4_pair){ S("x-amz-date"), str_of(date) };
		if (token.len > 0)
			all[count++] = (struct sigv4_pair){ S("x-amz-security-token"), token };
	}
	for (size_t i = 0; i < r->header_count; i++)
		all[count++] = r->headers[i];
	for (size_t i = 0; i < count; i++)
		add_field(out, all[i].name, all[i].value);
	return sign ? add_signature(w, path, all, count, out, e) : 0;
}

int s3_wire_head(const struct s3 *s3, const struct s3_wire *w, struct buf *path, struct buf *out,
                 struct err *e)
{
	const struct s3_request *r = w->request;
	if (check(r, e))
		return -1;
	buf_clear(path);
	buf_clear(out);
	endpoint_path(&s3->endpoint, w->place, r->bucket, r->key, path);
	buf_add_text(out, r->method);
	buf_add_char(out, ' ');
	sigv4_encode_path(buf_str(path), out);
	if (r->query_count > 0) {
		buf_add_char(out, '?');
		if (sigv4_encode_query(r->query, r->query_count, out, e))
			return -1;
	}
	buf_add_text(out, " HTTP/1.1\r\n");
	if (add_fields(w, buf_str(path), out, e))
		return -1;
	bool upload = str_is(S("PUT"), r->method) || str_is(S("POST"), r->method);
	if (r->body || upload)
		buf_printf(out, "Content-Length: %llu\r\n",
		           r->body ? (unsigned long long)r->body->len : 0);
	if (r->body && r->body->len > EXPECT_OVER)
		buf_add_text(out, "Expect: 100-continue\r\n");
	buf_add_text(out, "User-Agent: ws\r\n\r\n");
	return buf_check(path, e, "the path of a request") ||
	                       buf_check(out, e, "the head of a request")
	               ? -1
	               : 0;
}
