/* SigV4 against the examples of the S3 documentation and the published signing suite. */
#include "s3/sigv4.h"

#include <dirent.h>
#include <stdio.h>

#include "base/codec.h"
#include "base/datetime.h"
#include "crypto/digest.h"
#include "tests/unit/tap.h"

static const char vectors[] = "../shared/vectors/sigv4";
static const char empty_sha256[] =
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

#define PAIR(n, v)                       \
	{                                \
		{ n, sizeof(n) - 1 },    \
		{                        \
			v, sizeof(v) - 1 \
		}                        \
	}

static struct sigv4_scope example_scope(void)
{
	return (struct sigv4_scope){
		.access_key = S("AKIAIOSFODNN7EXAMPLE"),
		.secret_key = S("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
		.region = S("us-east-1"),
		.service = S("s3"),
		.time_s = 1369353600, /* 20130524T000000Z */
	};
}

/* The examples of "Authenticating Requests: Using the Authorization Header" in the S3 API reference. */
static const struct {
	const char *name, *method, *path, *payload, *signature;
	struct sigv4_pair query[2];
	size_t query_count;
	struct sigv4_pair extra[2];
	size_t extra_count;
} documented[] = {
	{ "GET Object with a range",
	  "GET",
	  "/test.txt",
	  "",
	  "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
	  { { { 0 }, { 0 } } },
	  0,
	  { PAIR("Range", "bytes=0-9") },
	  1 },
	{ "PUT Object whose key has a $",
	  "PUT",
	  "/test$file.text",
	  "Welcome to Amazon S3.",
	  "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
	  { { { 0 }, { 0 } } },
	  0,
	  { PAIR("Date", "Fri, 24 May 2013 00:00:00 GMT"),
	    PAIR("x-amz-storage-class", "REDUCED_REDUNDANCY") },
	  2 },
	{ "GET Bucket lifecycle",
	  "GET",
	  "/",
	  "",
	  "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
	  { PAIR("lifecycle", "") },
	  1,
	  { { { 0 }, { 0 } } },
	  0 },
	{ "GET Bucket (list objects)",
	  "GET",
	  "/",
	  "",
	  "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
	  { PAIR("prefix", "J"), PAIR("max-keys", "2") },
	  2,
	  { { { 0 }, { 0 } } },
	  0 },
};

static void test_documented_headers(void)
{
	for (size_t i = 0; i < COUNTOF(documented); i++) {
		struct err e = ERR_INIT;
		struct sigv4_scope scope = example_scope();
		char hash[DIGEST_SHA256_HEX];
		digest_sha256_hex(documented[i].payload, strlen(documented[i].payload), hash);
		struct sigv4_pair headers[5] = {
			PAIR("Host", "examplebucket.s3.amazonaws.com"),
			PAIR("x-amz-date", "20130524T000000Z"),
			{ S("x-amz-content-sha256"), str_of(hash) },
			documented[i].extra[0],
			documented[i].extra[1],
		};
		struct sigv4_request r = {
			.method = documented[i].method,
			.path = str_of(documented[i].path),
			.query = documented[i].query,
			.query_count = documented[i].query_count,
			.headers = headers,
			.header_count = 3 + documented[i].extra_count,
			.payload_hash = str_of(hash),
		};
		BUF_AUTO out = buf_make(10000);
		TAP_OK(sigv4_authorization(&r, &scope, &out, &e) == 0 &&
		               str_ends(buf_str(&out), str_of(documented[i].signature)),
		       "the documentation's example \"%s\" has the documented signature",
		       documented[i].name);
	}
}

static void test_documented_presign(void)
{
	struct err e = ERR_INIT;
	struct sigv4_scope scope = example_scope();
	struct sigv4_pair host = PAIR("host", "examplebucket.s3.amazonaws.com");
	struct sigv4_request r = { .method = "GET",
		                   .path = S("/test.txt"),
		                   .headers = &host,
		                   .header_count = 1,
		                   .payload_hash = S("UNSIGNED-PAYLOAD") };
	BUF_AUTO out = buf_make(10000);
	TAP_OK(sigv4_presign(&r, &scope, 86400, &out, &e) == 0, "a URL can be presigned");
	TAP_TEXT(
		out.p,
		"X-Amz-Algorithm=AWS4-HMAC-SHA256"
		"&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
		"&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
		"&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
		"the documentation's presigned URL comes out");
}

static void test_path(void)
{
	static const struct {
		const char *raw, *encoded;
	} paths[] = {
		{ "", "/" },
		{ "/", "/" },
		{ "/a//b/./c/../d/", "/a//b/./c/../d/" },
		{ "/a b+c=d&e", "/a%20b%2Bc%3Dd%26e" },
		{ "/%41", "/%2541" },
		{ "/~-._", "/~-._" },
		{ "/\xd0\xba*'()!@:,;$", "/%D0%BA%2A%27%28%29%21%40%3A%2C%3B%24" },
	};
	for (size_t i = 0; i < COUNTOF(paths); i++) {
		BUF_AUTO out = buf_make(1000);
		sigv4_encode_path(str_of(paths[i].raw), &out);
		TAP_TEXT(out.p, paths[i].encoded, "the path \"%s\" is encoded once, not normalised",
		         paths[i].raw);
	}
}

static void test_query(void)
{
	struct err e = ERR_INIT;
	struct sigv4_pair query[] = { PAIR("b", "2"),  PAIR("a-", "x y+z/"), PAIR("a", "2"),
		                      PAIR("a", "10"), PAIR("uploads", ""),  PAIR("A", "") };
	BUF_AUTO out = buf_make(1000);
	TAP_OK(sigv4_encode_query(query, COUNTOF(query), &out, &e) == 0, "a query can be encoded");
	TAP_TEXT(out.p, "A=&a=10&a=2&a-=x%20y%2Bz%2F&b=2&uploads=",
	         "it is sorted by encoded name, then value");
	struct sigv4_pair many[SIGV4_HEADERS_MAX + 1] = { PAIR("a", "b") };
	struct sigv4_request r = { .method = "GET",
		                   .headers = many,
		                   .header_count = COUNTOF(many) };
	TAP_OK(sigv4_canonical(&r, &out, &e) == -1, "too many headers are an error");
}

/* ---- the published suite ---- */

struct suite_case {
	const char *name;
	char request[8192], context[4096];
	struct sigv4_pair query[SIGV4_PARAMS_MAX], headers[SIGV4_HEADERS_MAX];
	size_t query_count, header_count;
	char method[16];
	struct str path, body;
	struct buf decoded;
};

static size_t read_file(const char *name, const char *file, char *out, size_t cap)
{
	char path[512];
	snprintf(path, sizeof(path), "%s/%s/%s", vectors, name, file);
	FILE *f = fopen(path, "rb");
	size_t len = f ? fread(out, 1, cap - 1, f) : 0;
	if (f)
		fclose(f);
	out[len] = '\0';
	return len;
}

static struct str field(const char *context, const char *name)
{
	char mark[64];
	snprintf(mark, sizeof(mark), "\"%s\": \"", name);
	const char *at = strstr(context, mark);
	struct str value = { 0 };
	if (at)
		str_cut(str_of(at + strlen(mark)), '"', &value, NULL);
	return value;
}

/* The suite's queries are partly encoded already: back to raw. */
static struct str decode(struct suite_case *c, struct str s)
{
	size_t from = c->decoded.len;
	if (codec_unpercent(s, false, &c->decoded))
		return s;
	return str_from(c->decoded.p + from, c->decoded.len - from);
}

static void parse_target(struct suite_case *c, struct str target)
{
	struct str query, pair;
	str_cut(target, '?', &c->path, &query);
	while (query.len > 0) {
		struct sigv4_pair *q = &c->query[c->query_count++];
		str_cut(query, '&', &pair, &query);
		str_cut(pair, '=', &q->name, &q->value);
		q->name = decode(c, q->name);
		q->value = decode(c, q->value);
	}
}

static void parse_request(struct suite_case *c)
{
	struct str line, rest, method;
	str_cut(str_of(c->request), '\n', &line, &rest);
	str_cut(line, ' ', &method, &line);
	snprintf(c->method, sizeof(c->method), "%" STR_FMT, STR_ARG(method));
	str_cut_last(line, ' ', &line, NULL);
	parse_target(c, line);
	while (str_cut(rest, '\n', &line, &rest) || line.len > 0) {
		if (line.len == 0) {
			c->body = rest;
			return;
		}
		struct sigv4_pair *h = &c->headers[c->header_count];
		if (line.p[0] == ' ') {
			h[-1].value.len = (size_t)(line.p + line.len - h[-1].value.p);
			continue;
		}
		str_cut(line, ':', &h->name, &h->value);
		c->header_count++;
	}
}

static void expect_file(const struct suite_case *c, const char *file, const char *got,
                        const char *what)
{
	char want[8192];
	read_file(c->name, file, want, sizeof(want));
	TAP_TEXT(got, want, "%s: %s", c->name, what);
}

static void check_header_form(struct suite_case *c, const struct sigv4_scope *scope,
                              const char *hash, bool omit_token)
{
	struct err e = ERR_INIT;
	char date[DATETIME_TEXT_MAX], signature[65];
	size_t before = c->header_count;
	datetime_basic(scope->time_s, date);
	c->headers[c->header_count++] = (struct sigv4_pair){ S("X-Amz-Date"), str_of(date) };
	if (scope->session_token.len > 0 && !omit_token)
		c->headers[c->header_count++] =
			(struct sigv4_pair){ S("X-Amz-Security-Token"), scope->session_token };
	if (strstr(c->context, "\"sign_body\": true"))
		c->headers[c->header_count++] =
			(struct sigv4_pair){ S("x-amz-content-sha256"), str_of(hash) };
	struct sigv4_request r = { c->method,  c->path,         c->query,    c->query_count,
		                   c->headers, c->header_count, str_of(hash) };
	BUF_AUTO canonical = buf_make(10000);
	BUF_AUTO text = buf_make(10000);
	TAP_OK(sigv4_canonical(&r, &canonical, &e) == 0 &&
	               sigv4_string_to_sign(scope, buf_str(&canonical), &text, &e) == 0,
	       "%s: can be signed", c->name);
	expect_file(c, "header-canonical-request.txt", canonical.p, "canonical request");
	expect_file(c, "header-string-to-sign.txt", text.p, "string to sign");
	sigv4_signature(scope, buf_str(&text), signature);
	expect_file(c, "header-signature.txt", signature, "signature");
	c->header_count = before;
}

static void check_query_form(struct suite_case *c, struct sigv4_scope scope, const char *hash,
                             bool omit_token)
{
	struct err e = ERR_INIT;
	struct str url, signature = { 0 };
	char got[65] = "";
	if (omit_token)
		scope.session_token = (struct str){ 0 };
	struct sigv4_request r = { c->method,  c->path,         c->query,    c->query_count,
		                   c->headers, c->header_count, str_of(hash) };
	BUF_AUTO out = buf_make(10000);
	TAP_OK(sigv4_presign(&r, &scope, 3600, &out, &e) == 0, "%s: can be presigned", c->name);
	str_cut_last(buf_str(&out), '=', &url, &signature);
	TAP_OK(str_copy(signature, got, sizeof(got)) == 0, "%s: the signature is last", c->name);
	expect_file(c, "query-signature.txt", got, "signature of the presigned URL");
}

static void run_case(const char *name)
{
	static struct suite_case c;
	int64_t ms = 0;
	memset(&c, 0, sizeof(c));
	c.name = name;
	c.decoded = buf_make(10000);
	if (!buf_room(&c.decoded, 9000))
		return;
	read_file(name, "request.txt", c.request, sizeof(c.request));
	read_file(name, "context.json", c.context, sizeof(c.context));
	parse_request(&c);
	TAP_OK(datetime_parse_iso(field(c.context, "timestamp"), &ms) == 0, "%s: has a date", name);
	struct sigv4_scope scope = {
		.access_key = field(c.context, "access_key_id"),
		.secret_key = field(c.context, "secret_access_key"),
		.session_token = field(c.context, "token"),
		.region = field(c.context, "region"),
		.service = field(c.context, "service"),
		.time_s = ms / 1000,
	};
	bool omit_token = strstr(c.context, "\"omit_session_token\": true") != NULL;
	char hash[DIGEST_SHA256_HEX];
	digest_sha256_hex(c.body.p, c.body.len, hash);
	TAP_OK(c.body.len > 0 || strcmp(hash, empty_sha256) == 0, "%s: has a payload hash", name);
	check_header_form(&c, &scope, hash, omit_token);
	check_query_form(&c, scope, hash, omit_token);
	buf_free(&c.decoded);
}

/* S3 does not normalise paths; each of these has an -unnormalized twin that is run. */
static bool wants_normalising(const char *name)
{
	return str_ends(str_of(name), S("-normalized")) &&
	       strcmp(name, "get-space-normalized") != 0;
}

static void test_suite(void)
{
	DIR *dir = opendir(vectors);
	if (!dir) {
		tap_skip("the published signing suite", "../shared/vectors/sigv4 is absent");
		return;
	}
	int run = 0, left_out = 0;
	for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
		if (entry->d_name[0] == '.' || strcmp(entry->d_name, "LICENSE") == 0)
			continue;
		bool other_rules = wants_normalising(entry->d_name);
		if (other_rules)
			tap_skip(entry->d_name,
			         "S3 signs paths as they are; the unnormalized twin runs");
		else
			run_case(entry->d_name);
		left_out += other_rules;
		run += !other_rules;
	}
	closedir(dir);
	TAP_OK(run == 32 && left_out == 6,
	       "of its 38 cases the 32 that S3's rules are for were run");
}

int main(void)
{
	test_documented_headers();
	test_documented_presign();
	test_path();
	test_query();
	test_suite();
	return tap_done();
}
