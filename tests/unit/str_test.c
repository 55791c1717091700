/* str and utf8: views of bytes. */
#include <time.h>

#include "base/str.h"
#include "base/utf8.h"
#include "tests/unit/tap.h"

static void test_compare(void)
{
	TAP_OK(str_eq(S("abc"), str_from("abcd", 3)), "views of the same bytes are equal");
	TAP_OK(!str_eq(S("abc"), S("abcd")) && !str_eq(S("abc"), S("abd")), "other bytes are not");
	TAP_OK(str_eq(str_of(NULL), S("")) && str_eq(str_from(NULL, 5), S("")),
	       "NULL is the empty view");
	TAP_OK(str_eq_nocase(S("HoSt"), S("hOsT")), "ASCII case can be ignored");
	TAP_OK(!str_eq_nocase(S("\xC3\x84"), S("\xC3\xA4")), "other case is not ignored");
	TAP_OK(!str_eq_nocase(S("["), S("{")), "neither is what is 32 away and no letter");
	TAP_OK(str_is(S("x"), "x") && !str_is(S("x"), "xy"), "str_is compares with a C string");
	static const char *const texts[] = { "x", "yz" };
	TAP_OK(str_is_any(S("yz"), texts, 2) && !str_is_any(S("y"), texts, 2) &&
	               !str_is_any(S("yz"), texts, 1) && !str_is_any(S(""), texts, 0),
	       "str_is_any compares with several");
	TAP_OK(str_cmp(S("a"), S("b")) < 0 && str_cmp(S("b"), S("a")) > 0, "bytes have an order");
	TAP_OK(str_cmp(S("a"), S("a/")) < 0 && str_cmp(S("a"), S("a")) == 0,
	       "a prefix comes first");
	TAP_OK(str_cmp(S("\x7f"), S("\x80")) < 0, "bytes over 127 come last, as S3 sorts");
	TAP_OK(str_starts(S("abc"), S("ab")) && !str_starts(S("a"), S("ab")) &&
	               str_starts(S(""), S("")),
	       "str_starts sees prefixes");
	TAP_OK(str_ends(S("abc"), S("bc")) && !str_ends(S("c"), S("bc")) && str_ends(S("a"), S("")),
	       "str_ends sees suffixes");
}

static void test_cut(void)
{
	static const struct {
		const char *text, *head, *tail, *last_head, *last_tail;
		bool found;
	} rows[] = {
		{ "a=b=c", "a", "b=c", "a=b", "c", true },
		{ "abc", "abc", "", "", "abc", false },
		{ "=", "", "", "", "", true },
		{ "", "", "", "", "", false },
		{ "a=", "a", "", "a", "", true },
		{ "=b", "", "b", "", "b", true },
	};
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		struct str head, tail, s = str_of(rows[i].text);
		bool found = str_cut(s, '=', &head, &tail);
		TAP_OK(found == rows[i].found && str_is(head, rows[i].head) &&
		               str_is(tail, rows[i].tail),
		       "str_cut splits \"%s\" at the first =", rows[i].text);
		found = str_cut_last(s, '=', &head, &tail);
		TAP_OK(found == rows[i].found && str_is(head, rows[i].last_head) &&
		               str_is(tail, rows[i].last_tail),
		       "str_cut_last splits \"%s\" at the last =", rows[i].text);
	}
	struct str s = S("k=v");
	TAP_OK(str_cut(s, '=', &s, NULL) && str_is(s, "k"), "an output may be the input or NULL");
}

static void test_parts(void)
{
	TAP_OK(str_is(str_skip(S("abc"), 1), "bc") && str_skip(S("abc"), 9).len == 0,
	       "str_skip drops at most all");
	TAP_OK(str_is(str_head(S("abc"), 2), "ab") && str_is(str_head(S("abc"), 9), "abc"),
	       "str_head keeps at most all");
	TAP_OK(str_is(str_trim(S(" \t\r\n a b \n")), "a b") && str_trim(S(" \t ")).len == 0,
	       "str_trim takes blanks off both ends");
	TAP_OK(str_index(S("abc"), 'c') == 2 && str_index(S("abc"), 'x') == -1 &&
	               str_index(S(""), 'x') == -1,
	       "str_index finds the first byte");
	TAP_OK(str_has(S("aaab"), S("aab")) && str_has(S("x"), S("")) &&
	               !str_has(S("ab"), S("abc")) && !str_has(S("ababac"), S("abad")),
	       "str_has finds a needle");
	char out[4];
	TAP_OK(str_copy(S("abc"), out, sizeof(out)) == 0 && strcmp(out, "abc") == 0,
	       "str_copy copies what fits");
	TAP_OK(str_copy(S("abcd"), out, sizeof(out)) == -1 && out[0] == '\0',
	       "str_copy refuses what does not fit");
	TAP_OK(str_copy(str_from("a\0b", 3), out, sizeof(out)) == -1, "str_copy refuses a NUL");
}

static void test_glob(void)
{
	static const struct {
		const char *pattern, *text;
		bool matches;
	} rows[] = {
		{ "", "", true },
		{ "", "a", false },
		{ "a", "", false },
		{ "*", "", true },
		{ "*", "a/b/c", true },
		{ "**", "x", true },
		{ "a*", "a", true },
		{ "*.o", "dir/x.o", true },
		{ "*.o", "x.oo", false },
		{ "*.o", ".o.o", true },
		{ "a*b*c", "a-b-b-c", true },
		{ "a*b*c", "a-b-b-d", false },
		{ "?", "a", true },
		{ "?", "", false },
		{ "?", "ab", false },
		{ "a?c", "abc", true },
		{ "[a-c]x", "bx", true },
		{ "[a-c]x", "dx", false },
		{ "[!a-c]x", "dx", true },
		{ "[!a-c]x", "ax", false },
		{ "[^a]", "b", true },
		{ "[]]", "]", true },
		{ "[!]]", "]", false },
		{ "[!]]", "a", true },
		{ "[a-]", "-", true },
		{ "[-a]", "-", true },
		{ "[\\]]", "]", true },
		{ "[a\\-c]", "b", false },
		{ "[a", "[a", true },
		{ "[a", "a", false },
		{ "[", "[", true },
		{ "[]", "[]", true },
		{ "[!", "[!", true },
		{ "[\\", "[\\", true },
		{ "\\*", "*", true },
		{ "\\*", "a", false },
		{ "\\[a]", "[a]", true },
		{ "\\", "\\", true },
		{ "*[0-9]", "abc7", true },
		{ "*[0-9]", "abc", false },
		{ "*?", "", false },
		{ "*\\*", "ab*", true },
		{ "[z-a]", "m", false },
		{ "[\x80-\xff]", "\xc3", true },
		{ "A", "a", false },
	};
	for (size_t i = 0; i < COUNTOF(rows); i++)
		TAP_OK(str_glob(str_of(rows[i].pattern), str_of(rows[i].text)) == rows[i].matches,
		       "\"%s\" %s \"%s\"", rows[i].pattern,
		       rows[i].matches ? "matches" : "does not match", rows[i].text);

	char pattern[41] = "", text[5001] = "";
	for (size_t i = 0; i < 40; i += 2)
		memcpy(pattern + i, "*a", 2);
	memset(text, 'a', 5000);
	text[4999] = 'b';
	clock_t start = clock();
	bool matched = str_glob(str_of(pattern), str_of(text));
	TAP_OK(!matched && clock() - start < CLOCKS_PER_SEC,
	       "twenty stars over 5000 bytes do not explode");
}

static void test_utf8(void)
{
	static const struct {
		const char *text;
		uint32_t code_point;
		size_t length;
	} rows[] = {
		{ "A", 'A', 1 },
		{ "\x7f", 0x7F, 1 },
		{ "\xC2\x80", 0x80, 2 },
		{ "\xDF\xBF", 0x7FF, 2 },
		{ "\xE0\xA0\x80", 0x800, 3 },
		{ "\xED\x9F\xBF", 0xD7FF, 3 },
		{ "\xEE\x80\x80", 0xE000, 3 },
		{ "\xEF\xBF\xBF", 0xFFFF, 3 },
		{ "\xF0\x90\x80\x80", 0x10000, 4 },
		{ "\xF4\x8F\xBF\xBF", 0x10FFFF, 4 },
		{ "", 0, 0 },
		{ "\x80", 0, 0 },
		{ "\xC0\x80", 0, 0 },
		{ "\xC1\xBF", 0, 0 },
		{ "\xC2", 0, 0 },
		{ "\xC2"
		  "A",
		  0, 0 },
		{ "\xE0\x9F\xBF", 0, 0 },
		{ "\xED\xA0\x80", 0, 0 },
		{ "\xE2\x82", 0, 0 },
		{ "\xE2\x82"
		  "A",
		  0, 0 },
		{ "\xF0\x8F\xBF\xBF", 0, 0 },
		{ "\xF4\x90\x80\x80", 0, 0 },
		{ "\xF5\x80\x80\x80", 0, 0 },
		{ "\xF0\x9F\x98", 0, 0 },
		{ "\xFF", 0, 0 },
	};
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		uint32_t code_point = 0;
		size_t n = utf8_next(str_of(rows[i].text), &code_point);
		TAP_OK(n == rows[i].length && code_point == rows[i].code_point,
		       "UTF-8 row %zu is %s", i, rows[i].length > 0 ? "read" : "refused");
	}
	TAP_OK(utf8_valid(S("")) && utf8_valid(S("a\xC3\xA4")) && !utf8_valid(S("a\xC3")),
	       "utf8_valid looks at all of it");
	TAP_INT(utf8_count(S("a\xC3\xA4\xFF\xE2\x82\xAC")), 4, "utf8_count counts characters");
}

int main(void)
{
	test_compare();
	test_cut();
	test_parts();
	test_glob();
	test_utf8();
	return tap_done();
}
