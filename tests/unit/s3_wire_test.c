/* Request heads as bytes, and the sizes of parts. */
#include "base/mem.h"
#include "s3/s3_multipart.h"
#include "s3/s3_request.h"

#include "tests/unit/tap.h"

static const char hash[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

static const struct credentials keys = {
	.access_key = (char[]){ "AKIAIOSFODNN7EXAMPLE" },
	.secret_key = (char[]){ "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" },
	.session_token = (char[]){ "" },
};

/* A client that was not opened: what s3_wire_head looks at. */
static struct s3 *make_client(const char *endpoint)
{
	struct err e = ERR_INIT;
	struct s3 *s3 = mem_new(1, sizeof(*s3));
	TAP_OK(endpoint_init(&s3->endpoint, endpoint, S3_STYLE_AUTO, &e) == 0, "a client for %s",
	       endpoint);
	return s3;
}

static void free_client(struct s3 *s3)
{
	endpoint_free(&s3->endpoint);
	mem_free(s3);
}

static int head_of(struct s3 *s3, const struct s3_request *r, bool sign, struct buf *out,
                   struct err *e)
{
	BUF_AUTO path = buf_make(10000);
	struct endpoint_place place;
	if (endpoint_place(&s3->endpoint, r->bucket, "us-east-1", &place, e))
		return -1;
	struct s3_wire wire = { r, &place, "us-east-1", 1369353600, hash, sign ? &keys : NULL };
	return s3_wire_head(s3, &wire, &path, out, e);
}

static void test_signed_get(void)
{
	struct err e = ERR_INIT;
	BUF_AUTO out = buf_make(10000);
	struct s3 *s3 = make_client("https://s3.amazonaws.com");
	struct s3_request r = s3_request_make("GET", S("examplebucket"), S("test.txt"));
	s3_request_header(&r, S("Range"), S("bytes=0-9"));
	TAP_OK(head_of(s3, &r, true, &out, &e) == 0, "a GET has a head");
	TAP_TEXT(
		out.p,
		"GET /test.txt HTTP/1.1\r\n"
		"Host: examplebucket.s3.amazonaws.com\r\n"
		"x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\r\n"
		"x-amz-date: 20130524T000000Z\r\n"
		"Range: bytes=0-9\r\n"
		"Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/"
		"aws4_request, SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, Signature="
		"f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41\r\n"
		"User-Agent: ws\r\n\r\n",
		"it is the one of the S3 documentation");
	free_client(s3);
}

static void test_unsigned(void)
{
	struct err e = ERR_INIT;
	BUF_AUTO out = buf_make(10000);
	struct s3 *s3 = make_client("http://localhost:9000");
	struct s3_request r = s3_request_make("GET", S("b-1"), S("a b/\xc3\xbc?"));
	s3_request_query(&r, "prefix", S("x y/+"));
	s3_request_query(&r, "list-type", S("2"));
	TAP_OK(head_of(s3, &r, false, &out, &e) == 0, "a request without credentials has a head");
	TAP_TEXT(out.p,
	         "GET /b-1/a%20b/%C3%BC%3F?list-type=2&prefix=x%20y%2F%2B HTTP/1.1\r\n"
	         "Host: localhost:9000\r\nUser-Agent: ws\r\n\r\n",
	         "with nothing of signing in it");
	free_client(s3);
}

static void test_bodies(void)
{
	static const struct {
		const char *method;
		uint64_t len;
		bool has_body;
		const char *expected, *unexpected;
	} bodies[] = {
		{ "PUT", 0, false, "\r\nContent-Length: 0\r\n", "Expect" },
		{ "POST", 0, false, "\r\nContent-Length: 0\r\n", "Expect" },
		{ "PUT", 5, true, "\r\nContent-Length: 5\r\n", "Expect" },
		{ "PUT", 1 << 20, true, "\r\nContent-Length: 1048576\r\n", "Expect" },
		{ "PUT", (1 << 20) + 1, true, "\r\nExpect: 100-continue\r\n", "Transfer-Encoding" },
		{ "DELETE", 0, false, "DELETE /b-1/k HTTP/1.1\r\n", "Content-Length" },
	};
	struct s3 *s3 = make_client("http://localhost:9000");
	for (size_t i = 0; i < COUNTOF(bodies); i++) {
		struct err e = ERR_INIT;
		BUF_AUTO out = buf_make(10000);
		struct http_body body = { .len = bodies[i].len };
		struct s3_request r = s3_request_make(bodies[i].method, S("b-1"), S("k"));
		r.body = bodies[i].has_body ? &body : NULL;
		TAP_OK(head_of(s3, &r, true, &out, &e) == 0 && strstr(out.p, bodies[i].expected) &&
		               !strstr(out.p, bodies[i].unexpected) &&
		               !strstr(out.p, "Accept-Encoding"),
		       "%s of %llu bytes says so", bodies[i].method,
		       (unsigned long long)bodies[i].len);
	}
	free_client(s3);
}

static void test_upload_headers(void)
{
	struct err e = ERR_INIT;
	char etag[S3_ETAG_QUOTED_MAX];
	BUF_AUTO out = buf_make(10000);
	const struct str further[] = { S("x-amz-storage-class: STANDARD_IA") };
	struct s3_put put = { .content_type = "text/plain",
		              .save_id = "id-1",
		              .if_match = "abc",
		              .headers = further,
		              .header_count = 1 };
	struct s3 *s3 = make_client("http://localhost:9000");
	struct s3_request r = s3_request_make("PUT", S("b-1"), S("k"));
	TAP_OK(s3_request_put_headers(&r, &put, etag, &e) == 0 &&
	               head_of(s3, &r, true, &out, &e) == 0,
	       "an upload may have a type, an id, a condition and further headers");
	TAP_OK(strstr(out.p, "\r\nContent-Type: text/plain\r\nx-amz-meta-ws-save: id-1\r\n"
	                     "If-Match: \"abc\"\r\nx-amz-storage-class: STANDARD_IA\r\n") != NULL,
	       "they are sent");
	TAP_OK(strstr(out.p,
	              "SignedHeaders=content-type;host;if-match;x-amz-content-sha256;x-amz-date;"
	              "x-amz-meta-ws-save;x-amz-storage-class,") != NULL,
	       "and signed");
	free_client(s3);
}

static void test_refused(void)
{
	static const struct {
		struct str name, value;
	} headers[] = {
		{ { "X-A", 3 }, { "a\r\nX-Evil: 1", 12 } },
		{ { "X-A", 3 }, { "a\nb", 3 } },
		{ { "X-A", 3 }, { "a\0b", 3 } },
		{ { "X A", 3 }, { "a", 1 } },
		{ { "X-A:", 4 }, { "a", 1 } },
		{ { "", 0 }, { "a", 1 } },
	};
	char long_key[S3_KEY_MAX + 1];
	struct err e = ERR_INIT;
	BUF_AUTO out = buf_make(100000);
	struct s3 *s3 = make_client("http://localhost:9000");
	for (size_t i = 0; i < COUNTOF(headers); i++) {
		struct err why = ERR_INIT;
		struct s3_request r = s3_request_make("PUT", S("b-1"), S("k"));
		s3_request_header(&r, headers[i].name, headers[i].value);
		TAP_OK(head_of(s3, &r, true, &out, &why) == -1 && why.kind == ERR_KIND_USAGE,
		       "header %zu that could forge another is refused", i);
	}
	memset(long_key, 'k', sizeof(long_key));
	struct s3_request r =
		s3_request_make("PUT", S("b-1"), str_from(long_key, sizeof(long_key)));
	TAP_OK(head_of(s3, &r, true, &out, &e) == -1, "a key over 1,024 bytes is refused");
	struct err many = ERR_INIT;
	r = s3_request_make("PUT", S("b-1"), S("k"));
	for (int i = 0; i < 100; i++)
		s3_request_header(&r, S("X-A"), S("b"));
	TAP_OK(head_of(s3, &r, true, &out, &many) == -1,
	       "so are more headers than there is room for");
	free_client(s3);
}

static void test_part_sizes(void)
{
	const uint64_t mib = 1 << 20, gib = 1 << 30;
	const struct {
		uint64_t size, chosen, part, count;
	} sizes[] = {
		{ 0, 0, 8 * mib, 0 },
		{ 1, 0, 8 * mib, 1 },
		{ 8 * mib, 0, 8 * mib, 1 },
		{ 8 * mib + 1, 0, 8 * mib, 2 },
		{ 8000 * mib, 0, 8 * mib, 1000 },
		{ 8000 * mib + 1, 0, 9 * mib, 889 },
		{ 9000 * mib, 0, 9 * mib, 1000 },
		{ 1024 * gib, 0, 1049 * mib, 1000 },
		{ 5000 * gib, 0, 5 * gib, 1000 },
		{ 5000 * gib + 1, 0, 5 * gib, 1001 },
		{ 5120 * gib, 0, 5 * gib, 1024 },
		{ 50000 * gib, 0, 5 * gib, 10000 },
		{ 100 * mib, 16 * mib, 16 * mib, 7 },
		{ 50000 * mib, 5 * mib, 5 * mib, 10000 },
		{ 50000 * mib + 1, 5 * mib, 6 * mib, 8334 },
		{ 50000 * gib, 5 * mib, 5 * gib, 10000 },
	};
	for (size_t i = 0; i < COUNTOF(sizes); i++) {
		struct s3 *s3 = make_client("http://localhost:9000");
		s3->part_size = sizes[i].chosen;
		uint64_t part = s3_multipart_part_size(s3, sizes[i].size);
		TAP_INT(part, sizes[i].part, "%llu bytes go in parts of this size",
		        (unsigned long long)sizes[i].size);
		TAP_INT(sizes[i].size / part + (sizes[i].size % part > 0), sizes[i].count,
		        "and there are so many");
		free_client(s3);
	}
}

static void test_too_large(void)
{
	const uint64_t most = 10000 * ((uint64_t)5 << 30);
	struct s3 *s3 = make_client("http://localhost:9000");
	struct err e = ERR_INIT;
	struct http_body body = { .len = 1, .bytes = "x" };
	struct s3_multipart m;
	TAP_OK(s3_multipart_check_size(most, &e) == 0, "10,000 parts of 5 GiB are an object");
	TAP_OK(s3_put_file(s3, S("b"), S("k"), 0, most + 1, NULL, NULL, NULL, &e) == -1 &&
	               e.kind == ERR_KIND_UNAVAILABLE && !e.retryable,
	       "one byte more is refused before anybody is asked: %s", e.msg);
	err_clear(&e);
	s3_multipart_adopt(&m, s3, S("b"), S("k"), NULL, "u");
	TAP_OK(s3_multipart_put(&m, S3_PARTS_MAX + 1, &body, &e) == -1 &&
	               strstr(e.msg, "at most 10000 parts"),
	       "and so is part 10,001 of a stream: %s", e.msg);
	s3_multipart_free(&m);
	free_client(s3);
}

static void test_etags(void)
{
	char kept[BLOB_ETAG_MAX], quoted[S3_ETAG_QUOTED_MAX];
	s3_etag_keep(S("\"abc-2\""), kept);
	TAP_TEXT(kept, "abc-2", "quotes around a tag are not kept");
	s3_etag_quote(kept, quoted);
	TAP_TEXT(quoted, "\"abc-2\"", "they come back when it is sent");
	s3_etag_keep(S("W/\"abc\""), kept);
	s3_etag_quote(kept, quoted);
	TAP_TEXT(quoted, "W/\"abc\"", "a weak tag stays as it is");
}

int main(void)
{
	test_signed_get();
	test_unsigned();
	test_bodies();
	test_upload_headers();
	test_refused();
	test_part_sizes();
	test_too_large();
	test_etags();
	return tap_done();
}
