/* Patterns of .gitignore: what they match, and that the last one decides. */
#include "pack/exclude.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "mutate.h"
#include "pack/wild.h"
#include "tap.h"

static const struct {
	const char *pattern, *path;
	bool is_dir, out;
} table[] = {
	{ "*.o", "a.o", false, true },
	{ "*.o", "deep/er/a.o", false, true },
	{ "*.o", "a.oo", false, false },
	{ "*.o", "deep.o/a.c", false, true }, /* below a directory that is out */
	{ "/a.o", "a.o", false, true },
	{ "/a.o", "b/a.o", false, false },
	{ "a/b", "a/b", false, true },
	{ "a/b", "x/a/b", false, false },
	{ "build/", "build", true, true },
	{ "build/", "build", false, false },
	{ "build/", "x/build", true, true },
	{ "build/", "x/build/y", false, true },
	{ "a/*", "a/b", false, true },
	{ "a/*", "a/b/c", false, true },
	{ "a/*/c", "a/b/c", false, true },
	{ "a/*/c", "a/b/x/c", false, false },
	{ "**/c", "c", false, true },
	{ "**/c", "a/b/c", false, true },
	{ "a/**", "a", true, false },
	{ "a/**", "a/b/c", false, true },
	{ "a/**/c", "a/c", false, true },
	{ "a/**/c", "a/b/x/c", false, true },
	{ "a/**/c", "a/b/x/d", false, false },
	{ "a/**/b/**/c", "a/x/b/y/b/z/c", false, true },
	{ "a/**/*.x/d", "a/1.x/2.x/d", false, true },
	{ "**", "anything/at/all", false, true },
	{ "a**b", "aXYb", false, true },
	{ "a**b", "a/b", false, false },
	{ "?", "a", false, true },
	{ "?", "ab", false, false },
	{ "a?b", "a/b", false, false },
	{ "[a-c]x", "bx", false, true },
	{ "[!a-c]x", "bx", false, false },
	{ "[^a-c]x", "dx", false, true },
	{ "[]]x", "]x", false, true },
	{ "[a\\]b]x", "]x", false, true },
	{ "x[/]y", "x/y", false, false },
	{ "[[:alpha:]]x", "bx", false, true },
	{ "[[:alpha:]]x", "1x", false, false },
	{ "[[:alpha:]]x", "\xe9x", false, false },
	{ "[![:digit:]_]", "7", false, false },
	{ "[![:digit:]_]", "_", false, false },
	{ "[![:digit:]_]", "a", false, true },
	{ "[[:upper:][:space:]a-c]", "b", false, true },
	{ "[[:upper:][:space:]a-c]", " ", false, true },
	{ "[[:alpha]", ":", false, true }, /* no class: four bytes and one */
	{ "[[:]", "[", false, true },
	{ "[a-[:alpha:]]", "a", false, false }, /* a range, "[" and more, then a "]" */
	{ "[a-[:alpha:]]", "p]", false, true },
	{ "[-[:alpha:]]", "a", false, true },
	{ "\\*", "*", false, true },
	{ "\\*", "a", false, false },
	{ "\\!x", "!x", false, true },
	{ "\\#x", "#x", false, true },
	{ "x ", "x", false, true },
	{ "x\\ ", "x ", false, true },
	{ "*", "a", false, true },
	{ "*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false, false },
	{ "caf\xc3\xa9", "caf\xc3\xa9", false, true },
};

static void test_table(void)
{
	for (size_t i = 0; i < COUNTOF(table); i++) {
		struct err e = ERR_INIT;
		EXCLUDE_AUTO x = exclude_new();
		bool ok = exclude_add(x, str_of(table[i].pattern), &e) == 0 &&
		          exclude_match(x, str_of(table[i].path), table[i].is_dir) == table[i].out;
		TAP_OK(ok, "pattern '%s' %s %s%s", table[i].pattern,
		       table[i].out ? "keeps out" : "lets in", table[i].path,
		       table[i].is_dir ? "/" : "");
	}
}

static void test_order(void)
{
	struct err e = ERR_INIT;
	EXCLUDE_AUTO x = exclude_new();
	struct str lines = S("# a comment\r\n*.log\n\n!keep.log\nout/\n!out/keep.log\n   \n");
	TAP_OK(exclude_add_lines(x, lines, &e) == 0,
	       "lines are taken, comments and blanks are not");
	TAP_OK(exclude_match(x, S("a.log"), false), "the first pattern matches");
	TAP_OK(!exclude_match(x, S("keep.log"), false), "a later '!' brings back");
	TAP_OK(exclude_match(x, S("out/keep.log"), false),
	       "nothing comes back below a directory that is out");
	TAP_OK(!exclude_match_below(x, S("out/keep.log"), false),
	       "unless the caller has seen to the parents");
	TAP_OK(!exclude_match(NULL, S("x"), false), "no list excludes nothing");
}

static void test_literal(void)
{
	EXCLUDE_AUTO x = exclude_new();
	exclude_add_literal(x, S("a/[b]*"));
	TAP_OK(exclude_match(x, S("a/[b]*"), false), "a literal matches itself");
	TAP_OK(exclude_match(x, S("a/[b]*/c"), false), "and what is below it");
	TAP_OK(!exclude_match(x, S("a/bx"), false), "and no bytes have a meaning in it");
	TAP_OK(!exclude_match(x, S("a/[b]*x"), false), "and a longer name is another one");
}

static void test_errors(void)
{
	static const char *const bad[] = { "",     "/",   "!",   "  ",           "[a",
		                           "x[!]", "a\\", "[[:", "[[:letter:]]", "[[:alpha:]" };
	for (size_t i = 0; i < COUNTOF(bad); i++) {
		struct err e = ERR_INIT;
		EXCLUDE_AUTO x = exclude_new();
		TAP_OK(exclude_add(x, str_of(bad[i]), &e) == -1 && e.kind == ERR_KIND_USAGE,
		       "pattern '%s' is refused", bad[i]);
	}
	struct err e = ERR_INIT;
	EXCLUDE_AUTO x = exclude_new();
	TAP_OK(exclude_add_lines(x, S("a\nb[\n"), &e) == -1 && strstr(e.msg, "line 2") &&
	               strstr(e.msg, "b["),
	       "the line and the pattern are named");
}

/* No input makes it read outside or take long. */
static void test_damage(void)
{
	struct mutate m = { .state = 77 };
	struct str seed = S("a/**/[!b-d]*?\\*x/**");
	unsigned matched = 0;
	for (int i = 0; i < 20000; i++) {
		struct str pattern = mutate_text(&m, seed, "*?[]!\\/-^:");
		struct str path = mutate_text(&m, S("a/bb/ccc/*x/yyyyyyyyyyyyyy"), "/*x");
		matched += wild_valid(pattern) && wild_match(pattern, path);
		mutate_free(pattern);
		mutate_free(path);
	}
	TAP_OK(matched < 20000, "20,000 damaged patterns are survived");
}

int main(void)
{
	test_table();
	test_order();
	test_literal();
	test_errors();
	test_damage();
	return tap_done();
}
