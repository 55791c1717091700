/* What follows what when names of one kind are brought together; and the order of names that makes up for it. */
#include "pack/namesakes.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "pack/names.h"
#include "tests/unit/tap.h"

enum { MANY = 5000, DISTINCT = 700 };

static void test_order(void)
{
	/* A letter is a name, '.' none. */
	static const struct {
		const char *names, *order;
		bool moved;
	} cases[] = {
		{ "", "", false },
		{ "abc", "012", false },
		{ "aab", "012", false },
		{ "aba", "021", true },
		{ "abcabc", "031425", true },
		{ "a..a", "0312", true },
		{ "....", "0123", false },
		{ "bbab.ba",
		  "01352"
		  "64",
		  true },
	};
	struct namesakes n = { .cap = 0 };
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		const char *text = cases[i].names;
		struct str names[8];
		char order[9] = "";
		size_t count = strlen(text);
		for (size_t k = 0; k < count; k++)
			names[k] = text[k] == '.' ? S("") : str_from(text + k, 1);
		bool moved = namesakes_order(&n, names, count);
		for (size_t k = 0; k < count; k++)
			order[k] = (char)('0' + n.order[k]);
		tap_ok(moved == cases[i].moved && strcmp(order, cases[i].order) == 0,
		       "\"%s\" comes as %s", text, order);
	}
	namesakes_free(&n);
}

static void test_many(void)
{
	struct namesakes n = { .cap = 0 };
	struct str *names = mem_new(MANY, sizeof(names[0]));
	char *text = mem_new(MANY, 8);
	bool *seen = mem_new(MANY, sizeof(seen[0]));
	size_t runs = 1, lost = 0, backwards = 0;
	for (size_t i = 0; i < MANY; i++) {
		int len = snprintf(text + 8 * i, 8, "n%zu", i * 7919 % DISTINCT);
		names[i] = str_from(text + 8 * i, (size_t)len);
	}
	tap_ok(namesakes_order(&n, names, MANY), "many names are moved");
	for (size_t i = 0; i < MANY; i++)
		seen[n.order[i]] = true;
	for (size_t i = 1; i < MANY; i++) {
		bool same = str_eq(names[n.order[i]], names[n.order[i - 1]]);
		runs += !same;
		backwards += same && n.order[i] < n.order[i - 1];
	}
	for (size_t i = 0; i < MANY; i++)
		lost += !seen[i];
	tap_ok(runs == DISTINCT && lost == 0 && backwards == 0,
	       "each name is one run, in its old order, and none is lost");
	namesakes_free(&n);
	mem_free(names);
	mem_free(text);
	mem_free(seen);
}

/* The list as a walk gives it that comes to a directory last. */
static void test_cmp_after(void)
{
	static const char *const walk[] = { "a/a", "a/b/c", "a/b", "a", "a b/x", "a b",
		                            "a.c", "b",     "c/d", "c", "" };
	size_t wrong = 0;
	for (size_t i = 0; i < COUNTOF(walk); i++)
		for (size_t k = 0; k < COUNTOF(walk); k++) {
			int c = names_cmp_after(str_of(walk[i]), str_of(walk[k]));
			wrong += i < k ? c >= 0 : i > k ? c <= 0 : c != 0;
		}
	tap_ok(wrong == 0, "a directory is greater than all below it, and less than what follows");
}

int main(void)
{
	test_order();
	test_many();
	test_cmp_after();
	return tap_done();
}
