/* Heads and chunked bodies: what is taken, what is refused, and that the cut of the input never matters. */
#include "net/http_parse.h"

#include <stdlib.h>

#include "base/buf.h"
#include "tests/unit/tap.h"

#define OK      "HTTP/1.1 200 OK\r\n"
#define TEN(x)  x x x x x x x x x x
#define LONG(x) TEN(TEN(TEN(x)))

static struct http_head head;

static int parse(struct str text, struct err *e)
{
	ptrdiff_t end = http_parse_find_end(text);
	if (end <= 0)
		return -1;
	return http_parse_head(str_head(text, (size_t)end), &head, e);
}

static void good_heads(void)
{
	static const struct {
		const char *text;
		int status;
		bool keep_alive, chunked;
		int64_t length; /* -1: none */
	} cases[] = {
		{ OK "\r\n", 200, true, false, -1 },
		{ "HTTP/1.1 204 \r\n\r\n", 204, true, false, -1 },
		{ "HTTP/1.1 100\r\n\r\n", 100, true, false, -1 },
		{ "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n", 200, false, false, 3 },
		{ "HTTP/1.1 503 Slow Down \xc3\xa4\r\ncontent-length:0\r\n\r\n", 503, true, false,
		  0 },
		{ OK "Content-Length: 9223372036854775807\r\n\r\n", 200, true, false, INT64_MAX },
		{ OK "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", 200, true, false, 5 },
		{ OK "Content-Length: \t 007 \t\r\n\r\n", 200, true, false, 7 },
		{ OK "Transfer-Encoding: Chunked\r\n\r\n", 200, true, true, -1 },
		{ OK "Connection: close\r\n\r\n", 200, false, false, -1 },
		{ OK "Connection: foo , CLOSE\r\n\r\n", 200, false, false, -1 },
		{ OK "Connection: keep-alive\r\nConnection: close\r\n\r\n", 200, false, false, -1 },
		{ OK "Connection: closed\r\n\r\n", 200, true, false, -1 },
		{ OK "Content-Encoding: gzip\r\n\r\n", 200, true, false, -1 },
		{ OK "X-Empty:\r\n\r\n", 200, true, false, -1 },
	};
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		struct err e = ERR_INIT;
		int r = parse(str_of(cases[i].text), &e);
		TAP_OK(r == 0 && head.status == cases[i].status &&
		               head.keep_alive == cases[i].keep_alive &&
		               head.chunked == cases[i].chunked &&
		               head.has_length == (cases[i].length >= 0) &&
		               (int64_t)head.length == (head.has_length ? cases[i].length : 0),
		       "taken: \"%s\"%s", cases[i].text, e.msg);
	}
}

static void bad_heads(void)
{
	static const char *const cases[] = {
		"\r\n" OK "\r\n",
		"SSH-2.0-OpenSSH_9.2\r\n\r\n",
		"HTTP/2.0 200 OK\r\n\r\n",
		"HTTP/9.9 200 OK\r\n\r\n",
		"HTTP/1.2 200 OK\r\n\r\n",
		"HTTP/1.1 2000 OK\r\n\r\n",
		"HTTP/1.1 20 OK\r\n\r\n",
		"HTTP/1.1 2x0 OK\r\n\r\n",
		"HTTP/1.1 099 OK\r\n\r\n",
		"HTTP/1.1 600 OK\r\n\r\n",
		"HTTP/1.1  200 OK\r\n\r\n",
		"HTTP/1.1\t200 OK\r\n\r\n",
		"HTTP/1.1\r\n\r\n",
		"HTTP/1.1 200 O\x01K\r\n\r\n",
		"HTTP/1.1 200 OK\n\n",
		OK "Content-Length: 5\n\r\n",
		"HTTP/1.1 200 OK\rX: y\r\n\r\n",
		OK "X: y\rContent-Length: 5\r\n\r\n",
		OK " folded: x\r\n\r\n",
		OK "X: y\r\n\tmore\r\n\r\n",
		OK "no colon\r\n\r\n",
		OK ": no name\r\n\r\n",
		OK "Content-Length : 5\r\n\r\n",
		OK "X\x80: y\r\n\r\n",
		OK "X: \x7f\r\n\r\n",
		OK "Content-Length: +5\r\n\r\n",
		OK "Content-Length: -1\r\n\r\n",
		OK "Content-Length: 0x5\r\n\r\n",
		OK "Content-Length: 5, 5\r\n\r\n",
		OK "Content-Length: 5 5\r\n\r\n",
		OK "Content-Length: 5\v\r\n\r\n",
		OK "Content-Length:\r\n\r\n",
		OK "Content-Length: 9223372036854775808\r\n\r\n",
		OK "Content-Length: 18446744073709551615\r\n\r\n",
		OK "Content-Length: 99999999999999999999\r\n\r\n",
		OK "Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
		OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
		OK "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
		OK "Transfer-Encoding: gzip, chunked\r\n\r\n",
		OK "Transfer-Encoding: chunked, gzip\r\n\r\n",
		OK "Transfer-Encoding: identity\r\n\r\n",
		OK "Transfer-Encoding: xchunked\r\n\r\n",
		OK "Transfer-Encoding:\r\n\r\n",
		OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
	};
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		struct err e = ERR_INIT;
		TAP_OK(parse(str_of(cases[i]), &e) == -1, "refused: \"%s\" %s", cases[i], e.msg);
	}
	struct err e = ERR_INIT;
	TAP_OK(parse(S(OK "X: a\0b\r\n\r\n"), &e) == -1, "refused: a NUL in a value");
	TAP_OK(http_parse_head(S(OK), &head, &e) == -1, "refused: a head without its empty line");
}

static void limits(void)
{
	struct err e = ERR_INIT;
	BUF_AUTO text = buf_make(1 << 20);
	buf_add_text(&text, OK);
	for (int i = 0; i < HTTP_FIELDS_MAX; i++)
		buf_printf(&text, "x-amz-meta-%d: v\r\n", i);
	size_t without_end = text.len;
	buf_add_text(&text, "\r\n");
	TAP_OK(parse(buf_str(&text), &e) == 0, "128 fields are taken");
	TAP_OK(str_is(http_parse_field(&head, "X-AMZ-Meta-127"), "v"), "and the last is found");
	buf_truncate(&text, without_end);
	buf_add_text(&text, "one: more\r\n\r\n");
	TAP_OK(parse(buf_str(&text), &e) == -1, "129 fields are refused");

	buf_clear(&text);
	buf_add_text(&text, OK "X: ");
	for (int i = 0; i < 66; i++)
		buf_add_text(&text, LONG("a"));
	TAP_INT(http_parse_find_end(str_head(buf_str(&text), HTTP_HEAD_MAX - 1)), 0,
	        "a long line may go on below 64 KiB");
	TAP_INT(http_parse_find_end(str_head(buf_str(&text), HTTP_HEAD_MAX)), -1,
	        "at 64 KiB without an end it is refused");
	buf_add_text(&text, "\r\n\r\n");
	TAP_INT(http_parse_find_end(buf_str(&text)), -1, "an end beyond 64 KiB is refused too");
}

static void fields(void)
{
	struct err e = ERR_INIT;
	struct str text =
		S(OK "ETag: \"a b\"\r\nx-amz-request-id:\t tx1 \r\netag: second\r\n\r\nbody");
	TAP_INT(http_parse_find_end(text), text.len - 4, "the head ends behind its empty line");
	TAP_OK(parse(text, &e) == 0 && head.field_count == 3, "three fields");
	TAP_OK(str_is(http_parse_field(&head, "etag"), "\"a b\""),
	       "the first of two fields is found, without case");
	TAP_OK(str_is(http_parse_field(&head, "X-Amz-Request-Id"), "tx1"), "a value is trimmed");
	TAP_OK(http_parse_field(&head, "Location").len == 0, "an absent field is the empty view");

	bool early = false;
	for (size_t n = 0; n < text.len - 4; n++)
		early = early || http_parse_find_end(str_head(text, n)) != 0;
	TAP_OK(!early, "before its end a good head asks for more, at every length");
}

/* Decode `text` cut at `cut`, into `out`. Returns what is left behind the end, or -1. */
static ptrdiff_t decode(struct str text, size_t cut, struct buf *out)
{
	struct http_chunked c = { 0 };
	struct err e = ERR_INIT;
	size_t at = 0;
	buf_clear(out);
	while (at < text.len && !c.done) {
		struct str in = str_skip(text, at);
		size_t used, from, len;
		if (at < cut)
			in = str_head(in, cut - at);
		if (http_parse_chunked(&c, in, &used, &from, &len, &e) != 0)
			return -1;
		buf_add(out, in.p + from, len);
		at += used;
	}
	return c.done ? (ptrdiff_t)(text.len - at) : -2;
}

static void good_chunks(void)
{
	static const struct {
		const char *text, *body;
		ptrdiff_t left;
	} cases[] = {
		{ "0\r\n\r\n", "", 0 },
		{ "5\r\nhello\r\n0\r\n\r\n", "hello", 0 },
		{ "5\r\nhello\r\n1\r\n,\r\n6\r\n world\r\n000\r\n\r\n", "hello, world", 0 },
		{ "5;a=b\r\nhello\r\n0;x=\"y\"\r\n\r\nrest", "hello", 4 },
		{ "a\r\n0123456789\r\n0\r\nx-amz-checksum-crc32c: sOO8/Q==\r\nB: c\r\n\r\n",
		  "0123456789", 0 },
		{ "0000000000000005\r\na\r\nb\r\r\n0\r\n\r\n", "a\r\nb\r", 0 },
		{ "B\r\n\r\n0\r\n\r\n0\r\n\r\r\n0\r\n\r\nHTTP", "\r\n0\r\n\r\n0\r\n\r", 4 },
	};
	BUF_AUTO out = buf_make(1024);
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		struct str text = str_of(cases[i].text);
		bool same = true;
		for (size_t cut = 0; cut <= text.len; cut++)
			same = same && decode(text, cut, &out) == cases[i].left &&
			       str_is(buf_str(&out), cases[i].body);
		TAP_OK(same, "decoded, wherever it is cut: \"%s\"", cases[i].text);
	}
}

static void bad_chunks(void)
{
	static const char *const cases[] = {
		"\r\n",
		"5 \r\nhello\r\n0\r\n\r\n",
		" 5\r\nhello\r\n0\r\n\r\n",
		"5\nhello\r\n0\r\n\r\n",
		"5\r\nhello\n0\r\n\r\n",
		"5\r\nhello0\r\n\r\n",
		"5\r\nhello!\r\n0\r\n\r\n",
		"-5\r\nhello\r\n0\r\n\r\n",
		"0x5\r\nhello\r\n0\r\n\r\n",
		"g\r\n",
		"8000000000000000\r\n",
		"FFFFFFFFFFFFFFFF\r\n",
		"00000000000000005\r\nhello\r\n0\r\n\r\n",
		"5;a\nb\r\nhello\r\n0\r\n\r\n",
		"5;a\rb\r\nhello\r\n0\r\n\r\n",
		"0\r\n\n",
		"0\r\nX: y\n\r\n",
		"0\r\nX: \x01\r\n\r\n",
		"0\r\n\rX",
		"5;" LONG("aa") "\r\nhello\r\n0\r\n\r\n",
		"0\r\nX: " LONG("aaaaaaaaa") "\r\n\r\n",
	};
	BUF_AUTO out = buf_make(4096);
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		struct str text = str_of(cases[i]);
		bool refused = true;
		for (size_t cut = 0; cut <= text.len && cut < 64; cut++)
			refused = refused && decode(text, cut, &out) == -1;
		TAP_OK(refused, "refused, wherever it is cut: \"%.40s\"", cases[i]);
	}
	static const char whole[] = "5;e\r\nhello\r\n3\r\nabc\r\n0\r\nT: r\r\n\r\n";
	bool open = true;
	for (size_t n = 0; n < sizeof(whole) - 1; n++)
		open = open && decode(str_from(whole, n), 0, &out) == -2;
	TAP_OK(open, "an unfinished body is never taken as done");
}

/* Mutations: no crash, bounded, and the same answer at any cut. */
static void mutations(void)
{
	static const char *const seeds[] = {
		OK "Content-Length: 5\r\nConnection: close\r\nx: y\r\n\r\n",
		"5;e=f\r\nhello\r\n10\r\n0123456789abcdef\r\n0\r\nT: r\r\n\r\n",
	};
	BUF_AUTO a = buf_make(4096);
	BUF_AUTO b = buf_make(4096);
	uint32_t x = 7;
	bool same = true;
	for (int round = 0; round < 40000; round++) {
		char text[128];
		const char *seed = seeds[round % 2];
		size_t len = strlen(seed);
		memcpy(text, seed, len);
		for (int n = 0; n < 1 + round % 3; n++) {
			static const char likely[] = "\r\n\0 :;,05afx\t\x7f\xff";
			x = x * 1664525 + 1013904223;
			text[x / 65536 % len] = likely[(x >> 8) % (sizeof(likely) - 1)];
		}
		struct str s = str_from(text, len);
		struct err e = ERR_INIT;
		(void)parse(s, &e);
		ptrdiff_t whole = decode(s, 0, &a), cut = decode(s, x / 65536 % len, &b);
		same = same && whole == cut && (whole == -1 || str_eq(buf_str(&a), buf_str(&b)));
	}
	TAP_OK(same, "40,000 mutated inputs give the same answer in one piece and in two");
}

int main(void)
{
	good_heads();
	bad_heads();
	limits();
	fields();
	good_chunks();
	bad_chunks();
	mutations();
	return tap_done();
}
