/* Where a bucket and a key are, by endpoint and style. */
#include "s3/endpoint.h"

#include "tests/unit/tap.h"

static const struct {
	const char *url; /* NULL: AWS */
	int style;
	const char *bucket, *key, *region;
	const char *host, *path; /* host NULL: refused */
} places[] = {
	{ NULL, S3_STYLE_AUTO, "my-bucket", "a/b", "eu-west-1",
	  "my-bucket.s3.eu-west-1.amazonaws.com", "/a/b" },
	{ NULL, S3_STYLE_AUTO, "my.bucket", "k", "eu-west-1", "s3.eu-west-1.amazonaws.com",
	  "/my.bucket/k" },
	{ NULL, S3_STYLE_AUTO, "My_Bucket", "k", "us-east-1", "s3.us-east-1.amazonaws.com",
	  "/My_Bucket/k" },
	{ NULL, S3_STYLE_AUTO, "ab", "k", "us-east-1", "s3.us-east-1.amazonaws.com", "/ab/k" },
	{ NULL, S3_STYLE_PATH, "my-bucket", "k", "us-east-1", "s3.us-east-1.amazonaws.com",
	  "/my-bucket/k" },
	{ NULL, S3_STYLE_AUTO, "my-bucket", "k", "cn-north-1",
	  "my-bucket.s3.cn-north-1.amazonaws.com.cn", "/k" },
	{ NULL, S3_STYLE_AUTO, "", "", "us-east-1", "s3.us-east-1.amazonaws.com", "/" },
	{ NULL, S3_STYLE_VIRTUAL, "my.bucket", "k", "us-east-1",
	  "my.bucket.s3.us-east-1.amazonaws.com", "/k" },
	{ "https://s3.eu-west-1.amazonaws.com", S3_STYLE_AUTO, "my-bucket", "k", "eu-west-1",
	  "my-bucket.s3.eu-west-1.amazonaws.com", "/k" },
	{ "http://127.0.0.1:9000", S3_STYLE_AUTO, "my-bucket", "k", "x", "127.0.0.1:9000",
	  "/my-bucket/k" },
	{ "http://127.0.0.1:9000/", S3_STYLE_AUTO, "my-bucket", "", "x", "127.0.0.1:9000",
	  "/my-bucket" },
	{ "http://[::1]:9000", S3_STYLE_AUTO, "b-1", "k", "x", "[::1]:9000", "/b-1/k" },
	{ "https://Gate.Example/swift/s3/", S3_STYLE_AUTO, "bkt", "//a//b", "x", "gate.example",
	  "/swift/s3/bkt///a//b" },
	{ "https://gate.example/swift/s3", S3_STYLE_AUTO, "", "", "x", "gate.example",
	  "/swift/s3" },
	{ "https://gate.example:443", S3_STYLE_VIRTUAL, "bkt", "k?&#", "x", "bkt.gate.example",
	  "/k?&#" },
	{ "http://localhost:8080", S3_STYLE_VIRTUAL, "bkt", "", "x", "bkt.localhost:8080", "/" },
	{ "http://localhost:8080", S3_STYLE_VIRTUAL, "Bkt", "k", "x", NULL, NULL },
	{ "http://localhost:8080", S3_STYLE_VIRTUAL, "a..b", "k", "x", NULL, NULL },
	{ "http://localhost:8080", S3_STYLE_AUTO, "..", "k", "x", NULL, NULL },
	{ "http://localhost:8080", S3_STYLE_AUTO, ".", "k", "x", NULL, NULL },
	{ "http://localhost:8080", S3_STYLE_AUTO, "a\r\nb", "k", "x", NULL, NULL },
	{ "http://localhost:8080", S3_STYLE_AUTO, "a b", "k", "x", NULL, NULL },
};

static void check_place(size_t i)
{
	struct err e = ERR_INIT;
	struct endpoint ep;
	struct endpoint_place place;
	BUF_AUTO path = buf_make(1000);
	const char *name = places[i].url ? places[i].url : "AWS";
	struct str bucket = str_of(places[i].bucket);
	if (!TAP_OK(endpoint_init(&ep, places[i].url, places[i].style, &e) == 0,
	            "%s is an endpoint", name))
		return;
	int result = endpoint_place(&ep, bucket, places[i].region, &place, &e);
	if (!places[i].host) {
		TAP_OK(result == -1, "%s has no place for bucket \"%s\"", name, places[i].bucket);
	} else {
		TAP_OK(result == 0, "%s has a place for bucket \"%s\"", name, places[i].bucket);
		endpoint_path(&ep, &place, bucket, str_of(places[i].key), &path);
		TAP_TEXT(place.host_field, places[i].host, "it is at this host");
		TAP_TEXT(path.p, places[i].path, "and at this path");
	}
	endpoint_free(&ep);
}

static void test_refused_urls(void)
{
	static const char *const urls[] = {
		"localhost:9000",  "ftp://host",         "http://",      "http://user:secret@host",
		"http://host?x=y", "http://host/a?b",    "http://ho st", "",
		"http://host:0",   "https://host:99999",
	};
	for (size_t i = 0; i < COUNTOF(urls); i++) {
		struct err e = ERR_INIT;
		struct endpoint ep;
		TAP_OK(endpoint_init(&ep, urls[i], S3_STYLE_AUTO, &e) == -1 &&
		               e.kind == ERR_KIND_CONFIG,
		       "\"%s\" is no endpoint", urls[i]);
		TAP_OK(strstr(e.msg, "secret") == NULL, "and a password in it is not shown");
	}
}

static void test_regions(void)
{
	char too_long[80] = { 0 };
	memset(too_long, 'a', 64);
	TAP_OK(endpoint_region_ok(S("us-east-1")) && endpoint_region_ok(S("auto")),
	       "regions are names");
	TAP_OK(!endpoint_region_ok(S("")) && !endpoint_region_ok(S("a.b")) &&
	               !endpoint_region_ok(S("a/b")) && !endpoint_region_ok(S("a\nb")) &&
	               !endpoint_region_ok(str_of(too_long)),
	       "what could change a host name or a header is no region");
}

int main(void)
{
	for (size_t i = 0; i < COUNTOF(places); i++)
		check_place(i);
	test_refused_urls();
	test_regions();
	return tap_done();
}
