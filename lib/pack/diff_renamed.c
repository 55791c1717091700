/* What is gone against what is new, by content: first what has the same last name too, then the rest. */
#include <string.h>

#include "pack/diff_parts.h"
#include "pack/names.h"

/* One side of a merge. */
struct pile {
	struct sorter *from;
	struct inventory *of;
	struct inventory_row row; /* when `there`: the next one */
	struct str record;
	bool there;
};

static int advance(struct pile *p, struct err *e)
{
	int rc = sorter_next(p->from, &p->record, e);
	p->there = rc > 0;
	if (p->there)
		p->row = inventory_row_of(p->record, NULL);
	return rc < 0 ? -1 : 0;
}

static int begin(struct pile *p, struct err *e)
{
	return sorter_rewind(p->from, e) || advance(p, e) ? -1 : 0;
}

int diff_by_size(struct str a, struct str b)
{
	uint64_t x = inventory_row_size(a), y = inventory_row_size(b);
	return x < y ? -1 : x > y;
}

static int by_content(const struct inventory_item *x, const struct inventory_item *y)
{
	return memcmp(x->sha256, y->sha256, sizeof(x->sha256));
}

static int by_content_and_last(const struct inventory_item *x, const struct inventory_item *y)
{
	int order = by_content(x, y);
	return order ? order : str_cmp(names_last(x->path), names_last(y->path));
}

static int by_content_and_name(struct str a, struct str b)
{
	struct inventory_row x = inventory_row_of(a, NULL), y = inventory_row_of(b, NULL);
	int order = by_content_and_last(&x.item, &y.item);
	return order ? order : names_cmp(x.item.path, y.item.path);
}

/* Hand on the present row, hashed. */
static int hash(struct pile *p, struct sorter *to, struct err *e)
{
	struct inventory_row row = p->row;
	return inventory_hash(p->of, &row.item, e) || inventory_row_add(to, &row, e) ||
	                       advance(p, e)
	               ? -1
	               : 0;
}

/* Hand on what has a size that both sides have. */
static int narrow(struct pile *gone, struct pile *new, struct sorter *gone_out,
                  struct sorter *new_out, struct err *e)
{
	uint64_t both = 0; /* a size; none of these files is empty */
	if (begin(gone, e) || begin(new, e))
		return -1;
	while (gone->there || new->there) {
		uint64_t x = gone->there ? gone->row.item.size_bytes : UINT64_MAX;
		uint64_t y = new->there ? new->row.item.size_bytes : UINT64_MAX;
		struct pile *less = x <= y ? gone : new;
		if (x == y)
			both = x;
		if ((x < y ? x : y) != both ? advance(less, e)
		                            : hash(less, less == gone ? gone_out : new_out, e))
			return -1;
	}
	return 0;
}

static int pair(struct diff *d, const struct inventory_row *gone, const struct inventory_row *new,
                struct err *e)
{
	const struct diff_change moved = {
		.kind = DIFF_RENAMED,
		.what = diff_mode_change(&gone->item, &new->item),
		.before = &gone->item,
		.after = &new->item,
	};
	const struct diff_change nothing = { .kind = DIFF_REMOVED, .before = &gone->item };
	return diff_record_add(d->renamed, new->number, &moved, e) ||
	                       diff_record_add(d->renamed, gone->number, &nothing, e)
	               ? -1
	               : 0;
}

static int hand_on(const struct pile *p, struct sorter *to, struct err *e)
{
	return to ? sorter_add(to, p->record, e) : 0;
}

/* Pair what `cmp` says is equal; both sides are in its order. What is left is handed on, to NULL: nowhere. */
static int pair_all(struct diff *d, struct pile *gone, struct pile *new,
                    int (*cmp)(const struct inventory_item *, const struct inventory_item *),
                    struct sorter *gone_left, struct sorter *new_left, struct err *e)
{
	if (begin(gone, e) || begin(new, e))
		return -1;
	while (gone->there || new->there) {
		int order = !gone->there  ? 1
		            : !new->there ? -1
		                          : cmp(&gone->row.item, &new->row.item);
		int rc = order < 0   ? hand_on(gone, gone_left, e)
		         : order > 0 ? hand_on(new, new_left, e)
		                     : pair(d, &gone->row, &new->row, e);
		if (rc || (order <= 0 && advance(gone, e)) || (order >= 0 && advance(new, e)))
			return -1;
	}
	return 0;
}

int diff_find_renamed(struct diff *d, struct err *e)
{
	SORTER_AUTO gone = sorter_new(d->file, by_content_and_name);
	SORTER_AUTO new = sorter_new(d->file, by_content_and_name);
	SORTER_AUTO gone_left = sorter_new(d->file, NULL);
	SORTER_AUTO new_left = sorter_new(d->file, NULL);
	struct pile a = { .from = d->gone, .of = d->before },
		    b = { .from = d->new, .of = d->after };
	if (narrow(&a, &b, gone, new, e))
		return -1;
	a.from = gone;
	b.from = new;
	if (pair_all(d, &a, &b, by_content_and_last, gone_left, new_left, e))
		return -1;
	a.from = gone_left;
	b.from = new_left;
	return pair_all(d, &a, &b, by_content, NULL, NULL, e);
}
