/* diff_text: the shortest edits, as unified diff. */
#include "pack/diff_text.h"

#include "base/mem.h"
#include "tests/unit/tap.h"

static const struct {
	const char *a, *b, *want, *what;
} cases[] = {
	{ "a\nb\n", "a\nb\n", "", "equal texts" },
	{ "", "", "", "two empty texts" },
	{ "", "a\n", "@@ -0,0 +1 @@\n+a\n", "a text that is new" },
	{ "a\nb\n", "", "@@ -1,2 +0,0 @@\n-a\n-b\n", "a text that is gone" },
	{ "a\nb\nc\n", "a\nX\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+X\n c\n", "a line that changed" },
	{ "a\nb", "a\nb\n", "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n",
	  "a newline at the end" },
	{ "a", "b",
	  "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file\n",
	  "no newlines at all" },
	{ "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\n5\n6\n7\n8\nX\n",
	  "@@ -6,4 +6,4 @@\n 6\n 7\n 8\n-9\n+X\n", "three lines before" },
	{ "X\n2\n3\n4\n5\n6\n7\n8\nX\n", "Y\n2\n3\n4\n5\n6\n7\n8\nY\n",
	  "@@ -1,4 +1,4 @@\n-X\n+Y\n 2\n 3\n 4\n@@ -6,4 +6,4 @@\n 6\n 7\n 8\n-X\n+Y\n",
	  "seven equal lines between" },
	{ "X\n2\n3\n4\n5\n6\n7\nX\n", "Y\n2\n3\n4\n5\n6\n7\nY\n",
	  "@@ -1,8 +1,8 @@\n-X\n+Y\n 2\n 3\n 4\n 5\n 6\n 7\n-X\n+Y\n", "six equal lines between" },
	{ "a\nb\nc\na\nb\nb\na\n", "c\nb\na\nb\na\nc\n",
	  "@@ -1,7 +1,6 @@\n-a\n-b\n c\n+b\n a\n b\n-b\n a\n+c\n", "the paper's example" },
};

/* Apply one hunk by hand: whoever reads it gets `b`. */
static bool applies(struct str a, struct str hunk, struct str b)
{
	BUF_AUTO out = buf_make(1 << 24);
	struct str line, rest;
	size_t from = 0;
	str_cut(hunk, '\n', &line, &rest);
	for (const char *p = line.p + strlen("@@ -"); *p >= '0' && *p <= '9'; p++)
		from = 10 * from + (size_t)(*p - '0');
	for (size_t i = 1; i < from; i++) {
		str_cut(a, '\n', &line, &a);
		buf_printf(&out, "%" STR_FMT "\n", STR_ARG(line));
	}
	while (rest.len > 0) {
		str_cut(rest, '\n', &line, &rest);
		bool bare = str_starts(rest, S("\\"));
		char sign = line.p[0];
		struct str text = str_skip(line, 1);
		if (sign == ' ' || sign == '-') {
			if (!str_starts(a, text))
				return false;
			a = str_skip(a, text.len + !bare);
		}
		if (sign == ' ' || sign == '+') {
			buf_add_str(&out, text);
			buf_add_text(&out, bare ? "" : "\n");
		}
		if (bare)
			str_cut(rest, '\n', NULL, &rest);
	}
	buf_add_str(&out, a);
	return str_eq(buf_str(&out), b);
}

/* So few lines that there is one hunk, over an alphabet of three. */
static void test_random(void)
{
	unsigned state = 1;
	size_t failed = 0, edits = 0;
	for (int round = 0; round < 3000; round++) {
		char text[2][32];
		for (int side = 0; side < 2; side++) {
			size_t lines = (state = state * 1103515245 + 12345) >> 16 & 7;
			for (size_t i = 0; i < lines; i++) {
				state = state * 1103515245 + 12345;
				text[side][2 * i] = (char)('a' + (state >> 16) % 3);
				text[side][2 * i + 1] = '\n';
			}
			size_t len = 2 * lines - (lines > 0 && (state >> 20) % 4 == 0);
			text[side][len] = '\0';
		}
		BUF_AUTO out = buf_make(1 << 16);
		diff_text_hunks(str_of(text[0]), str_of(text[1]), &out);
		bool equal = strcmp(text[0], text[1]) == 0;
		failed += equal ? out.len > 0
		                : !applies(str_of(text[0]), buf_str(&out), str_of(text[1]));
		edits += !equal;
	}
	TAP_OK(failed == 0 && edits > 1000, "hunks of 3,000 small texts give the other text");
}

static void test_unlike(void)
{
	BUF_AUTO a = buf_make(1 << 20), b = buf_make(1 << 20), out = buf_make(1 << 21);
	for (int i = 0; i < 5000; i++) {
		buf_printf(&a, "a %d\n", i);
		buf_printf(&b, "b %d\n", i);
	}
	diff_text_hunks(buf_str(&a), buf_str(&b), &out);
	TAP_OK(str_starts(buf_str(&out), S("@@ -1,5000 +1,5000 @@\n")) &&
	               applies(buf_str(&a), buf_str(&out), buf_str(&b)),
	       "texts that have nothing in common are replaced as a whole");
}

int main(void)
{
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		BUF_AUTO out = buf_make(1 << 16);
		diff_text_hunks(str_of(cases[i].a), str_of(cases[i].b), &out);
		TAP_TEXT(out.p, cases[i].want, "hunks of %s", cases[i].what);
	}
	test_random();
	test_unlike();
	TAP_OK(diff_text_is_binary(S("a\0b")) && !diff_text_is_binary(S("a\nb\377")) &&
	               !diff_text_is_binary(S("")),
	       "what has a NUL in it is binary");
	return tap_done();
}
