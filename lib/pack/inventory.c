/* The list itself: filled, settled, given out. */
#include "base/mem.h"
#include "pack/inventory_parts.h"

enum { NAME_BYTES_MAX = 32 * 1024 };

struct inventory *inventory_new(const struct inventory_options *options)
{
	struct inventory *v = mem_new(1, sizeof(*v));
	v->kept = buf_make(SIZE_MAX / 2);
	v->path = v->link = buf_make(NAME_BYTES_MAX);
	v->dirfd = -1;
	v->progress = options->reader.progress;
	v->file = options->file;
	v->step = mem_new(INVENTORY_STEP, 1);
	return v;
}

struct inventory *inventory_empty(void)
{
	const struct inventory_options none = { .exclude = NULL };
	return inventory_new(&none);
}

void inventory_close(struct inventory *v)
{
	if (!v)
		return;
	reader_close(v->reader);
	sorter_free(v->rows);
	buf_free(&v->kept);
	buf_free(&v->path);
	buf_free(&v->link);
	mem_free(v->wanted);
	mem_free(v->step);
	mem_free(v);
}

void inventory_close_auto(struct inventory **v)
{
	inventory_close(*v);
	*v = NULL;
}

int inventory_add(struct inventory *v, const struct inventory_row *row, struct err *e)
{
	if (!v->rows)
		v->rows = sorter_new(v->file, inventory_row_cmp);
	v->count++;
	return inventory_row_add(v->rows, row, e);
}

uint64_t inventory_count(const struct inventory *v)
{
	return v->count;
}

int inventory_rewind(struct inventory *v, struct err *e)
{
	return v->rows ? sorter_rewind(v->rows, e) : 0;
}

int inventory_next(struct inventory *v, struct inventory_item **item, struct err *e)
{
	struct str record;
	int rc = v->rows ? sorter_next(v->rows, &record, e) : 0;
	if (rc > 0)
		v->item = inventory_row_of(record, NULL).item;
	*item = &v->item;
	return rc;
}

/* ---- settling ---- */

struct inventory_load inventory_load_begin(const struct inventory *v)
{
	return (struct inventory_load){ .file = v->file,
		                        .all = sorter_new(v->file, inventory_row_cmp) };
}

void inventory_load_free(struct inventory_load *l)
{
	sorter_free(l->all);
	sorter_free(l->links);
}

int inventory_load_add(struct inventory_load *l, const struct inventory_item *item, struct err *e)
{
	struct inventory_row row = { .item = *item, .number = l->count++ };
	if (item->type != ENTRY_TYPE_HARDLINK)
		return inventory_row_add(l->all, &row, e);
	if (!l->links)
		l->links = inventory_links_new(l->file);
	return inventory_links_add(l->links, &row, e) || inventory_row_add(l->all, &row, e) ? -1
	                                                                                    : 0;
}

/* Take over the last row of a path, unless it is out. Unpacking leaves out what is behind HARDLINK, and a live tree has left it out. */
static int take(struct inventory *v, const struct buf *record, const struct exclude *exclude,
                struct err *e)
{
	struct inventory_row row;
	if (record->len == 0)
		return 0;
	row = inventory_row_of(buf_str(record), NULL);
	if (row.item.type >= ENTRY_TYPE_HARDLINK ||
	    exclude_match(exclude, row.item.path, row.item.type == ENTRY_TYPE_DIR))
		return 0;
	return inventory_add(v, &row, e);
}

/* Of several rows for a path the last. */
static int join(struct inventory *v, struct sorter *all, const struct exclude *exclude,
                struct err *e)
{
	BUF_AUTO last = buf_make(SIZE_MAX / 2);
	struct str record;
	int rc;
	if (sorter_rewind(all, e))
		return -1;
	while ((rc = sorter_next(all, &record, e)) > 0) {
		bool same = last.len > 0 &&
		            str_eq(inventory_row_path(buf_str(&last)), inventory_row_path(record));
		if (!same && take(v, &last, exclude, e))
			return -1;
		buf_clear(&last);
		buf_add_str(&last, record);
	}
	return rc ? rc : take(v, &last, exclude, e);
}

int inventory_load_end(struct inventory *v, struct inventory_load *l, const struct exclude *exclude,
                       struct err *e)
{
	if (l->links && inventory_links_resolve(l, e))
		return -1;
	return join(v, l->all, exclude, e) || inventory_rewind(v, e) ? -1 : 0;
}
