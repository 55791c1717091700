/* The order of a group: what follows what when files of one name are brought together, and which directories come again. */
#include "pack/gather.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "tests/unit/tap.h"

enum { MANY = 5000, DISTINCT = 700, ITEMS_MAX = 20 };

struct list {
	struct str words[ITEMS_MAX];
	struct gather_item items[ITEMS_MAX];
	size_t count;
};

/* Items parted by spaces: "d/" a directory, "d/." the same again, "d/f" a file that may move, "d/f!" one that may not; "./" is
 * the root. */
static void parse(const char *text, struct list *list)
{
	struct str rest = str_of(text), word;
	list->count = 0;
	while (rest.len > 0) {
		str_cut(rest, ' ', &word, &rest);
		struct gather_item *item = &list->items[list->count];
		list->words[list->count++] = word;
		*item = (struct gather_item){ word, GATHER_FILE };
		if (str_ends(word, S("/.")))
			*item = (struct gather_item){ str_head(word, word.len - 2), GATHER_AGAIN };
		else if (str_ends(word, S("/")))
			*item = (struct gather_item){ str_head(word, word.len - 1), GATHER_DIR };
		else if (str_ends(word, S("!")))
			item->kind = GATHER_OTHER;
		if (str_is(item->path, "."))
			item->path.len = 0;
	}
}

static const struct {
	const char *what, *given, *order;
} cases[] = {
	{ "nothing", "", "" },
	{ "names of their own stay as they are", "a b c", "a b c" },
	{ "two of a name that follow each other stay so", "d/a e/a b", "d/a e/a b" },
	{ "a file goes behind the first of its name", "d/a d/b e/a", "d/a e/a d/b" },
	{ "each name for itself", "d/a d/b d/c e/a e/b e/c", "d/a e/a d/b e/b d/c e/c" },
	{ "what may not move stays", "d/a d/b! e/a!", "d/a d/b! e/a!" },
	{ "directories whose files stay do not come again", "./ d/ d/a d/. e/ e/b e/. ./.",
	  "./ d/ d/a e/ e/b" },
	{ "a directory goes before the first of its files that moves",
	  "./ d/ d/a d/b d/. e/ e/a e/. ./.", "./ d/ d/a e/ e/a d/b d/." },
	{ "and those above it", "d/ d/a d/x/ d/x/b d/x/. d/. e/ e/y/ e/y/a e/y/. e/.",
	  "d/ d/a e/ e/y/ e/y/a d/x/ d/x/b d/." },
	{ "a directory from an earlier group is not known, and comes again", "d/a d/b d/. ./.",
	  "d/a d/b d/. ./." },
	{ "a directory whose file went away without another coming between is whole",
	  "d/ d/a d/. e/ e/x/ e/x/b e/x/. e/a e/.", "d/ d/a e/ e/a e/x/ e/x/b" },
	{ "a directory that a directory comes into late is torn",
	  "d/ d/a d/x/ d/x/. d/. e/ e/a e/.", "d/ d/a e/ e/a d/x/ d/." },
	{ "what comes first stays first", "d/a d/e/ d/e/a d/e/b d/e/.", "d/a d/e/ d/e/a d/e/b" },
};

static void test_order(void)
{
	struct gather g = { .cap = 0 };
	BUF_AUTO text = buf_make(SIZE_MAX / 2);
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		struct list list;
		parse(cases[i].given, &list);
		bool changed = gather_order(&g, list.items, list.count);
		buf_clear(&text);
		for (size_t k = 0; k < g.count; k++) {
			if (k > 0)
				buf_add_char(&text, ' ');
			buf_add_str(&text, list.words[g.order[k]]);
		}
		bool same = strcmp(cases[i].given, cases[i].order) == 0;
		tap_ok(changed == !same && str_is(buf_str(&text), cases[i].order), "%s: %s",
		       cases[i].what, text.p ? text.p : "");
	}
	gather_free(&g);
}

static void test_many(void)
{
	struct gather g = { .cap = 0 };
	struct gather_item *items = mem_new(MANY, sizeof(items[0]));
	char *text = mem_new(MANY, 8);
	bool *seen = mem_new(MANY, sizeof(seen[0]));
	size_t runs = 1, lost = 0, backwards = 0;
	for (size_t i = 0; i < MANY; i++) {
		int len = snprintf(text + 8 * i, 8, "n%zu", i * 7919 % DISTINCT);
		items[i] = (struct gather_item){ str_from(text + 8 * i, (size_t)len), GATHER_FILE };
	}
	tap_ok(gather_order(&g, items, MANY) && g.count == MANY, "many names are moved");
	for (size_t i = 0; i < MANY; i++)
		seen[g.order[i]] = true;
	for (size_t i = 1; i < MANY; i++) {
		bool same = str_eq(items[g.order[i]].path, items[g.order[i - 1]].path);
		runs += !same;
		backwards += same && g.order[i] < g.order[i - 1];
	}
	for (size_t i = 0; i < MANY; i++)
		lost += !seen[i];
	tap_ok(runs == DISTINCT && lost == 0 && backwards == 0,
	       "each name is one run, in its old order, and none is lost");
	gather_free(&g);
	mem_free(items);
	mem_free(text);
	mem_free(seen);
}

int main(void)
{
	test_order();
	test_many();
	return tap_done();
}
