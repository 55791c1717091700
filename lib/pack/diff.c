/* Two sorted lists side by side. */
#include "pack/diff.h"

#include <string.h>

#include "pack/diff_parts.h"
#include "pack/names.h"

/* ---- records: a head, then the rows ---- */

enum { NUMBER = 0, KIND = 8, WHAT = 12, HEAD = 16 };

static void put_item(const struct inventory_item *item, struct buf *out)
{
	const struct inventory_row row = { .item = *item };
	inventory_row_put(&row, out);
}

int diff_record_add(struct sorter *s, uint64_t number, const struct diff_change *change,
                    struct err *e)
{
	struct buf *record = sorter_scratch(s);
	unsigned char head[HEAD];
	wire_put_u64(head + NUMBER, number);
	wire_put_u32(head + KIND, change->kind);
	wire_put_u32(head + WHAT, change->what);
	buf_add(record, head, sizeof(head));
	if (change->before)
		put_item(change->before, record);
	if (change->after)
		put_item(change->after, record);
	return sorter_add(s, buf_str(record), e);
}

void diff_record_read(struct str record, struct diff_record *out)
{
	const unsigned char *head = (const unsigned char *)record.p;
	struct diff_change *c = &out->change;
	out->number = wire_u64(head + NUMBER);
	*c = (struct diff_change){ .kind = (enum diff_kind)wire_u32(head + KIND),
		                   .what = wire_u32(head + WHAT) };
	record = str_skip(record, HEAD);
	if (c->kind != DIFF_ADDED) {
		out->before = inventory_row_of(record, &record);
		c->before = &out->before.item;
	}
	if (c->kind != DIFF_REMOVED) {
		out->after = inventory_row_of(record, &record);
		c->after = &out->after.item;
	}
}

int diff_record_cmp(struct str a, struct str b)
{
	uint64_t x = wire_u64((const unsigned char *)a.p), y = wire_u64((const unsigned char *)b.p);
	return x < y ? -1 : x > y;
}

/* ---- what is different at one path ---- */

struct side {
	struct inventory *of;
	struct inventory_item *item; /* when `there`: the next one */
	bool there;
};

static int advance(struct side *s, struct err *e)
{
	int rc = inventory_next(s->of, &s->item, e);
	s->there = rc > 0;
	return rc < 0 ? -1 : 0;
}

/* Many archives name no directories, or not the root: those are there all the same. What `other` has below comes next. */
static bool is_implied(const struct inventory_item *item, const struct side *other)
{
	return item->type == ENTRY_TYPE_DIR &&
	       (item->path.len == 0 ||
	        (other->there && names_within(other->item->path, item->path)));
}

static int add(struct diff *d, const struct diff_change *change, struct err *e)
{
	return diff_record_add(d->changes, d->count++, change, e);
}

/* A thing on one side alone. */
static int only(struct diff *d, const struct inventory_item *item, bool is_new, struct err *e)
{
	const struct diff_change change = {
		.kind = is_new ? DIFF_ADDED : DIFF_REMOVED,
		.before = is_new ? NULL : item,
		.after = is_new ? item : NULL,
	};
	const struct inventory_row row = { .item = *item, .number = d->count };
	if (item->type == ENTRY_TYPE_FILE && item->size_bytes > 0 &&
	    inventory_row_add(is_new ? d->new : d->gone, &row, e))
		return -1;
	return add(d, &change, e);
}

unsigned diff_mode_change(const struct inventory_item *a, const struct inventory_item *b)
{
	return a->type != ENTRY_TYPE_SYMLINK && a->mode != b->mode ? DIFF_MODE : 0;
}

/* 1 when the content of two files is the same, 0 when not, -1. */
static int same_content(struct diff *d, struct inventory_item *a, struct inventory_item *b,
                        struct err *e)
{
	if (a->size_bytes != b->size_bytes)
		return 0;
	if (a->size_bytes == 0)
		return 1;
	if (inventory_hash(d->before, a, e) || inventory_hash(d->after, b, e))
		return -1;
	return memcmp(a->sha256, b->sha256, sizeof(a->sha256)) == 0;
}

static int in_both(struct diff *d, struct inventory_item *a, struct inventory_item *b,
                   struct err *e)
{
	struct diff_change change = { DIFF_MODIFIED, DIFF_TYPE, a, b };
	if (a->type == b->type) {
		int same = a->type == ENTRY_TYPE_FILE ? same_content(d, a, b, e) : 1;
		if (same < 0)
			return -1;
		change.what = diff_mode_change(a, b) | (same ? 0 : DIFF_CONTENT) |
		              (str_eq(a->link, b->link) ? 0 : DIFF_TARGET);
	}
	return change.what ? add(d, &change, e) : 0;
}

/* ---- all of them ---- */

static int merge(struct diff *d, struct err *e)
{
	struct side a = { .of = d->before }, b = { .of = d->after };
	if (inventory_rewind(a.of, e) || inventory_rewind(b.of, e) || advance(&a, e) ||
	    advance(&b, e))
		return -1;
	while (a.there || b.there) {
		int order = !a.there ? 1 : !b.there ? -1 : names_cmp(a.item->path, b.item->path);
		int rc = 0;
		if (order == 0)
			rc = in_both(d, a.item, b.item, e);
		else if (order < 0 && !is_implied(a.item, &b))
			rc = only(d, a.item, false, e);
		else if (order > 0 && !is_implied(b.item, &a))
			rc = only(d, b.item, true, e);
		if (rc || (order <= 0 && advance(&a, e)) || (order >= 0 && advance(&b, e)))
			return -1;
	}
	return 0;
}

static int give(struct diff *d, diff_take *take, void *ctx, struct err *e)
{
	struct str record;
	struct diff_record change, instead;
	int rc;
	if (sorter_rewind(d->changes, e) || sorter_rewind(d->renamed, e))
		return -1;
	int more = sorter_next(d->renamed, &record, e);
	if (more > 0)
		diff_record_read(record, &instead);
	while (more >= 0 && (rc = sorter_next(d->changes, &record, e)) > 0) {
		diff_record_read(record, &change);
		bool replaced = more > 0 && instead.number == change.number;
		const struct diff_record *is = replaced ? &instead : &change;
		bool taken_away = replaced && is->change.kind == DIFF_REMOVED;
		if (!taken_away && take(ctx, &is->change, e))
			return -1;
		if (replaced && (more = sorter_next(d->renamed, &record, e)) > 0)
			diff_record_read(record, &instead);
	}
	return more < 0 ? -1 : rc;
}

int diff_compare(struct inventory *before, struct inventory *after, struct sorter_file *file,
                 diff_take *take, void *ctx, struct err *e)
{
	SORTER_AUTO changes = sorter_new(file, NULL);
	SORTER_AUTO gone = sorter_new(file, diff_by_size);
	SORTER_AUTO new = sorter_new(file, diff_by_size);
	SORTER_AUTO renamed = sorter_new(file, diff_record_cmp);
	struct diff d = { before, after, file, changes, 0, gone, new, renamed };
	return merge(&d, e) || diff_find_renamed(&d, e) || give(&d, take, ctx, e) ? -1 : 0;
}
