/* codec: hex, base64, percent-encoding, quoting. */
#include "base/codec.h"
#include "base/utf8.h"
#include "tests/unit/tap.h"

static void test_hex(void)
{
	char out[9];
	unsigned char bytes[4] = { 0 };
	TAP_TEXT(codec_hex("\x00\x7f\x80\xff", 4, out), "007f80ff", "bytes become lower-case hex");
	TAP_TEXT(codec_hex(NULL, 0, out), "", "no bytes are no digits");
	TAP_OK(codec_unhex(S("007F80ff"), bytes, 4) == 0 &&
	               memcmp(bytes, "\x00\x7f\x80\xff", 4) == 0,
	       "hex in both cases becomes bytes");
	TAP_OK(codec_unhex(S(""), bytes, 0) == 0, "no digits are no bytes");
	static const char *const bad[] = { "0",        "007f80f",  "007f80ff0",  "007f80fg",
		                           " 07f80ff", "0x7f80ff", "007f80ff00", "" };
	for (size_t i = 0; i < COUNTOF(bad); i++)
		TAP_OK(codec_unhex(str_of(bad[i]), bytes, 4) == -1, "\"%s\" is no four bytes",
		       bad[i]);
}

static void test_base64(void)
{
	/* RFC 4648 section 10, and the two digits that are no letters. */
	static const char *const rows[][2] = {
		{ "", "" },
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" },
		{ "\xfb\xff\xbe", "+/++" },
	};
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		BUF_AUTO out = buf_make(64);
		codec_base64(rows[i][0], strlen(rows[i][0]), &out);
		TAP_TEXT(out.p, rows[i][1], "base64 gives \"%s\"", rows[i][1]);
		buf_clear(&out);
		TAP_OK(codec_unbase64(str_of(rows[i][1]), &out) == 0 &&
		               strcmp(out.p, rows[i][0]) == 0,
		       "and back");
	}
	static const char *const bad[] = { "Z",    "Zg",   "Zg=",      "Zg===",  "Zh==", "Zm9=",
		                           "====", "=",    "Zg==Zg==", "Zm9v\n", "Zm 9", "Zm9-",
		                           "Z===", "Zm=v", "Zm9vYg=A", "\x80m9v" };
	for (size_t i = 0; i < COUNTOF(bad); i++) {
		BUF_AUTO out = buf_make(64);
		buf_add_text(&out, "kept");
		TAP_OK(codec_unbase64(str_of(bad[i]), &out) == -1 && strcmp(out.p, "kept") == 0,
		       "\"%s\" is refused and leaves nothing", bad[i]);
	}
	BUF_AUTO small = buf_make(5);
	TAP_OK(codec_unbase64(S("Zm9vYmFy"), &small) == -1 && small.len == 0 && small.too_large,
	       "what does not fit is refused");
}

static void test_percent(void)
{
	static const struct {
		const char *text, *encoded;
		bool keep_slash;
	} rows[] = {
		{ "AZaz09-._~", "AZaz09-._~", false },
		{ "a/b c", "a%2Fb%20c", false },
		{ "a/b c", "a/b%20c", true },
		{ "+*'()!@=&?#%", "%2B%2A%27%28%29%21%40%3D%26%3F%23%25", true },
		{ "\xC3\xA4\xFF\x01\n", "%C3%A4%FF%01%0A", true },
		{ "", "", false },
	};
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		BUF_AUTO out = buf_make(256);
		codec_percent(str_of(rows[i].text), rows[i].keep_slash, &out);
		TAP_TEXT(out.p, rows[i].encoded, "percent-encoding gives \"%s\"", rows[i].encoded);
		buf_clear(&out);
		TAP_OK(codec_unpercent(str_of(rows[i].encoded), false, &out) == 0 &&
		               strcmp(out.p, rows[i].text) == 0,
		       "and back");
	}
	BUF_AUTO out = buf_make(256);
	TAP_OK(codec_unpercent(S("a+b%2b%2F"), true, &out) == 0 && strcmp(out.p, "a b+/") == 0,
	       "a plus is a space where it is meant so, and lower-case digits are read");
	buf_clear(&out);
	TAP_OK(codec_unpercent(S("a+b"), false, &out) == 0 && strcmp(out.p, "a+b") == 0,
	       "and a plus elsewhere");
	buf_clear(&out);
	TAP_OK(codec_unpercent(S("%00"), false, &out) == 0 && out.len == 1, "%%00 is a zero byte");
	static const char *const bad[] = { "%", "%2", "a%", "%g0", "%0g", "%%", "%-1", "% 1" };
	for (size_t i = 0; i < COUNTOF(bad); i++) {
		buf_clear(&out);
		TAP_OK(codec_unpercent(str_of(bad[i]), false, &out) == -1 && out.len == 0,
		       "\"%s\" is a broken escape", bad[i]);
	}
}

static const struct {
	const char *text, *quoted;
} quote_rows[] = {
	{ "plain \xC3\xA4 \xE2\x82\xAC \xF0\x9F\x98\x80",
	  "plain \xC3\xA4 \xE2\x82\xAC \xF0\x9F\x98\x80" },
	{ "a\nb\rc\td\\e", "a\\nb\\rc\\td\\\\e" },
	{ "\x1b[2J\x07\x7f", "\\x1b[2J\\x07\\x7f" },
	{ "\xC2\x9B"
	  "31m",
	  "\\u009b31m" },
	{ "\xE2\x80\xAEgnp.exe", "\\u202egnp.exe" },
	{ "\xE2\x81\xA6\xE2\x81\xA9\xE2\x80\x8E\xD8\x9C", "\\u2066\\u2069\\u200e\\u061c" },
	{ "\xE2\x80\xA8", "\\u2028" },
	{ "\xC3(\xFF\xED\xA0\x80", "\\xc3(\\xff\\xed\\xa0\\x80" },
	{ "\xE2\x82", "\\xe2\\x82" },
	{ "", "" },
};

static void test_quote(void)
{
	for (size_t i = 0; i < COUNTOF(quote_rows); i++) {
		BUF_AUTO out = buf_make(256);
		char text[64];
		codec_quote(str_of(quote_rows[i].text), &out);
		TAP_TEXT(out.p, quote_rows[i].quoted, "quoted it is \"%s\"", quote_rows[i].quoted);
		TAP_TEXT(codec_quoted(str_of(quote_rows[i].text), text, sizeof(text)),
		         quote_rows[i].quoted, "and the same where it fits");
	}
	BUF_AUTO zero = buf_make(16);
	codec_quote(str_from("a\0b", 3), &zero);
	TAP_TEXT(zero.p, "a\\x00b", "a zero byte is shown");
}

static void test_quoted_cut(void)
{
	char out[9];
	char line[32];
	TAP_TEXT(codec_harmless(S("a\\n\nb"), line, sizeof(line)), "a\\n\\nb",
	         "a harmless line keeps the backslashes of names that were quoted before");
	TAP_TEXT(codec_quoted(S("12345678"), out, sizeof(out)), "12345678", "what fits is whole");
	TAP_TEXT(codec_quoted(S("123456789"), out, sizeof(out)), "12345...",
	         "what does not is cut");
	TAP_TEXT(codec_quoted(S("1234\xE2\x82\xAC"
	                        "89"),
	                      out, sizeof(out)),
	         "1234...", "between characters");
	TAP_TEXT(codec_quoted(S("1234\x01"
	                        "9"),
	                      out, sizeof(out)),
	         "1234...", "between escapes");
	bool safe = true;
	for (size_t row = 0; row < COUNTOF(quote_rows); row++) {
		for (size_t cap = 1; cap < sizeof(out); cap++) {
			memset(out, 'x', sizeof(out));
			codec_quoted(str_of(quote_rows[row].text), out, cap);
			safe = safe && strlen(out) < cap && utf8_valid(str_of(out)) &&
			       out[cap] == 'x';
		}
	}
	TAP_OK(safe, "no room is too small");
}

int main(void)
{
	test_hex();
	test_base64();
	test_percent();
	test_quote();
	test_quoted_cut();
	return tap_done();
}
