/* Two sorted lists side by side; then what is gone against what is new, by content. */
#include "pack/diff.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "pack/names.h"

struct sides {
	struct inventory *before, *after;
	struct diff_list *out;
};

static void add(struct diff_list *list, struct diff_change change)
{
	if (list->count == list->cap) {
		list->cap = list->cap ? 2 * list->cap : 64;
		list->changes = mem_grow(list->changes, list->cap, sizeof(list->changes[0]));
	}
	list->changes[list->count++] = change;
}

void diff_free(struct diff_list *list)
{
	mem_free(list->changes);
	*list = (struct diff_list){ .count = 0 };
}

/* Many archives name no directories, or not the root: those are there all the same. */
static bool is_implied(const struct inventory_item *item, const struct inventory *other)
{
	return item->type == ENTRY_TYPE_DIR &&
	       (item->path.len == 0 || inventory_has_below(other, item->path));
}

static void only_before(const struct sides *s, const struct inventory_item *item)
{
	if (!is_implied(item, s->after))
		add(s->out, (struct diff_change){ DIFF_REMOVED, 0, item, NULL });
}

static void only_after(const struct sides *s, const struct inventory_item *item)
{
	if (!is_implied(item, s->before))
		add(s->out, (struct diff_change){ DIFF_ADDED, 0, NULL, item });
}

/* A symlink has no mode of its own. */
static unsigned mode_change(const struct inventory_item *a, const struct inventory_item *b)
{
	return a->type != ENTRY_TYPE_SYMLINK && a->mode != b->mode ? DIFF_MODE : 0;
}

/* 1 when the content of two files is the same, 0 when not, -1. */
static int same_content(const struct sides *s, const struct inventory_item *a,
                        const struct inventory_item *b, struct err *e)
{
	if (a->size_bytes != b->size_bytes)
		return 0;
	if (a->size_bytes == 0)
		return 1;
	if (inventory_hash(s->before, a, e) || inventory_hash(s->after, b, e))
		return -1;
	return memcmp(a->sha256, b->sha256, sizeof(a->sha256)) == 0;
}

static int in_both(const struct sides *s, const struct inventory_item *a,
                   const struct inventory_item *b, struct err *e)
{
	unsigned what = DIFF_TYPE;
	if (a->type == b->type) {
		int same = a->type == ENTRY_TYPE_FILE ? same_content(s, a, b, e) : 1;
		if (same < 0)
			return -1;
		what = mode_change(a, b) | (same ? 0 : DIFF_CONTENT) |
		       (str_eq(a->link, b->link) ? 0 : DIFF_TARGET);
	}
	if (what)
		add(s->out, (struct diff_change){ DIFF_MODIFIED, what, a, b });
	return 0;
}

static int merge(const struct sides *s, struct err *e)
{
	size_t i = 0, j = 0, a_count = inventory_count(s->before),
	       b_count = inventory_count(s->after);
	while (i < a_count || j < b_count) {
		const struct inventory_item *a = i < a_count ? inventory_at(s->before, i) : NULL;
		const struct inventory_item *b = j < b_count ? inventory_at(s->after, j) : NULL;
		int order = !a ? 1 : !b ? -1 : names_cmp(a->path, b->path);
		if (order < 0)
			only_before(s, a);
		else if (order > 0)
			only_after(s, b);
		else if (in_both(s, a, b, e))
			return -1;
		i += order <= 0;
		j += order >= 0;
	}
	return 0;
}

static const struct inventory_item *file_of(const struct diff_change *c)
{
	return c->before ? c->before : c->after;
}

static int by_size(const void *a, const void *b)
{
	const struct inventory_item *x = file_of(*(struct diff_change *const *)a);
	const struct inventory_item *y = file_of(*(struct diff_change *const *)b);
	return x->size_bytes < y->size_bytes ? -1 : x->size_bytes > y->size_bytes;
}

static int by_content(const void *a, const void *b)
{
	const struct inventory_item *x = file_of(*(struct diff_change *const *)a);
	const struct inventory_item *y = file_of(*(struct diff_change *const *)b);
	return memcmp(x->sha256, y->sha256, sizeof(x->sha256));
}

static int by_content_and_name(const void *a, const void *b)
{
	const struct inventory_item *x = file_of(*(struct diff_change *const *)a);
	const struct inventory_item *y = file_of(*(struct diff_change *const *)b);
	int order = by_content(a, b);
	if (order == 0)
		order = str_cmp(names_last(x->path), names_last(y->path));
	return order ? order : names_cmp(x->path, y->path);
}

/* Files that are gone, or new, as candidates. */
struct pile {
	struct diff_change **list;
	size_t count;
};

static void pile_up(struct pile *p, struct diff_list *from, enum diff_kind kind)
{
	p->list = mem_new(from->count + 1, sizeof(p->list[0]));
	for (size_t i = 0; i < from->count; i++) {
		struct diff_change *c = &from->changes[i];
		if (c->kind == kind && file_of(c)->type == ENTRY_TYPE_FILE &&
		    file_of(c)->size_bytes > 0)
			p->list[p->count++] = c;
	}
	qsort(p->list, p->count, sizeof(p->list[0]), by_size);
}

/* Keep those whose size is in `other` too, hashed. */
static int narrow(struct pile *p, const struct pile *other, struct inventory *of, struct err *e)
{
	size_t kept = 0;
	for (size_t i = 0; i < p->count; i++) {
		if (!bsearch(&p->list[i], other->list, other->count, sizeof(p->list[0]), by_size))
			continue;
		if (inventory_hash(of, file_of(p->list[i]), e))
			return -1;
		p->list[kept++] = p->list[i];
	}
	p->count = kept;
	return 0;
}

/* `gone` is what was taken into the change of the new path; it is dropped at the end. */
static void pair(struct diff_change *gone, struct diff_change *new)
{
	new->kind = DIFF_RENAMED;
	new->before = gone->before;
	new->what = mode_change(new->before, new->after);
	gone->before = NULL;
}

static size_t still(struct pile *p, enum diff_kind kind)
{
	size_t kept = 0;
	for (size_t i = 0; i < p->count; i++)
		if (p->list[i]->kind == kind && (p->list[i]->before || p->list[i]->after))
			p->list[kept++] = p->list[i];
	return kept;
}

/* Pair what is equal by content, and with `named` in the last component too. Both are sorted so. */
static void pair_all(struct pile *gone, struct pile *new, bool named)
{
	size_t i = 0, j = 0;
	while (i < gone->count && j < new->count) {
		struct diff_change *a = gone->list[i], *b = new->list[j];
		int order = by_content(&a, &b);
		if (order == 0 && named)
			order = str_cmp(names_last(a->before->path), names_last(b->after->path));
		if (order == 0)
			pair(a, b);
		i += order <= 0;
		j += order >= 0;
	}
	gone->count = still(gone, DIFF_REMOVED);
	new->count = still(new, DIFF_ADDED);
}

static void drop_taken(struct diff_list *list)
{
	size_t kept = 0;
	for (size_t i = 0; i < list->count; i++)
		if (list->changes[i].before || list->changes[i].after)
			list->changes[kept++] = list->changes[i];
	list->count = kept;
}

static int find_renamed(const struct sides *s, struct pile *gone, struct pile *new, struct err *e)
{
	pile_up(gone, s->out, DIFF_REMOVED);
	pile_up(new, s->out, DIFF_ADDED);
	if (narrow(gone, new, s->before, e) || narrow(new, gone, s->after, e))
		return -1;
	qsort(gone->list, gone->count, sizeof(gone->list[0]), by_content_and_name);
	qsort(new->list, new->count, sizeof(new->list[0]), by_content_and_name);
	pair_all(gone, new, true);
	pair_all(gone, new, false);
	drop_taken(s->out);
	return 0;
}

int diff_compare(struct inventory *before, struct inventory *after, struct diff_list *out,
                 struct err *e)
{
	const struct sides s = { before, after, out };
	struct pile gone = { .count = 0 }, new = { .count = 0 };
	*out = (struct diff_list){ .count = 0 };
	int rc = merge(&s, e);
	if (rc == 0)
		rc = find_renamed(&s, &gone, &new, e);
	mem_free(gone.list);
	mem_free(new.list);
	if (rc)
		diff_free(out);
	return rc;
}
