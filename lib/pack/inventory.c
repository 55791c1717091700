/* The list itself: filled, sorted, asked. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "pack/inventory_parts.h"
#include "pack/names.h"

enum { LINKS_MAX = 16, NAME_BYTES_MAX = 32 * 1024 };

struct inventory *inventory_new(const struct inventory_options *options)
{
	struct inventory *v = mem_new(1, sizeof(*v));
	v->text = v->kept = buf_make(SIZE_MAX / 2);
	v->path = v->link = buf_make(NAME_BYTES_MAX);
	v->dirfd = -1;
	v->progress = options->reader.progress;
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
	buf_free(&v->text);
	buf_free(&v->kept);
	buf_free(&v->path);
	buf_free(&v->link);
	mem_free(v->rows);
	mem_free(v->step);
	mem_free(v);
}

void inventory_close_auto(struct inventory **v)
{
	inventory_close(*v);
	*v = NULL;
}

struct inventory_row *inventory_add(struct inventory *v, const struct entry *entry, struct str path)
{
	if (v->count == v->cap) {
		v->cap = v->cap ? 2 * v->cap : 1024;
		v->rows = mem_grow(v->rows, v->cap, sizeof(v->rows[0]));
	}
	struct inventory_row *row = &v->rows[v->count];
	*row = (struct inventory_row){
		.item = { .type = entry->type,
		          .mode = entry->mode & 07777,
		          .size_bytes = entry->type == ENTRY_TYPE_FILE ? entry->size_bytes : 0 },
		.number = v->count++,
		.path_at = v->text.len,
		.path_len = path.len,
		.link_at = v->text.len + path.len,
		.link_len = entry->link.len,
	};
	buf_add_str(&v->text, path);
	buf_add_str(&v->text, entry->link);
	return row;
}

static int by_path(const void *a, const void *b)
{
	const struct inventory_row *x = a, *y = b;
	int order = names_cmp(x->item.path, y->item.path);
	if (order != 0)
		return order;
	return x->number < y->number ? -1 : x->number > y->number;
}

/* The first row whose path is not before `path`. */
static size_t lower_bound(const struct inventory *v, struct str path)
{
	size_t low = 0, high = v->count;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (names_cmp(v->rows[mid].item.path, path) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct inventory_row *inventory_find(const struct inventory *v, struct str path)
{
	size_t i = lower_bound(v, path);
	return i < v->count && str_eq(v->rows[i].item.path, path) ? &v->rows[i] : NULL;
}

static void sort(struct inventory *v)
{
	for (size_t i = 0; i < v->count; i++) {
		struct inventory_row *row = &v->rows[i];
		row->item.path = str_from(v->text.p + row->path_at, row->path_len);
		row->item.link = str_from(v->text.p + row->link_at, row->link_len);
	}
	qsort(v->rows, v->count, sizeof(v->rows[0]), by_path);
}

/* Of several entries for a path the last. */
static void join(struct inventory *v)
{
	size_t kept = 0;
	for (size_t i = 0; i < v->count; i++)
		if (i + 1 == v->count || !str_eq(v->rows[i].item.path, v->rows[i + 1].item.path))
			v->rows[kept++] = v->rows[i];
	v->count = kept;
}

/* What is at the path that the hardlink leads to when it comes, or NULL. */
static const struct inventory_row *one_on(const struct inventory *v,
                                          const struct inventory_row *link)
{
	const struct inventory_row *found = NULL;
	for (size_t i = lower_bound(v, link->item.link);
	     i < v->count && str_eq(v->rows[i].item.path, link->item.link); i++)
		if (!found || v->rows[i].number < link->number)
			found = &v->rows[i];
	return found;
}

/* What a hardlink leads to in the end, or NULL. */
static const struct inventory_item *target_of(const struct inventory *v,
                                              const struct inventory_row *row)
{
	for (int i = 0; row && row->item.type == ENTRY_TYPE_HARDLINK; i++)
		row = i < LINKS_MAX ? one_on(v, row) : NULL;
	return row ? &row->item : NULL;
}

static int settle(struct inventory *v, const struct exclude *exclude, struct err *e)
{
	size_t kept = 0;
	if (buf_check(&v->text, e, "the list of names"))
		return -1;
	sort(v);
	for (size_t i = 0; i < v->count; i++) {
		struct inventory_item *item = &v->rows[i].item;
		const struct inventory_item *target = target_of(v, &v->rows[i]);
		if (!target)
			return err_set(e, ERR_KIND_DATA, "'%s' is a hardlink to nothing",
			               names_show(item->path).text);
		struct str path = item->path;
		*item = *target;
		item->path = path;
	}
	join(v);
	for (size_t i = 0; i < v->count; i++) {
		const struct inventory_item *item = &v->rows[i].item;
		/* Unpacking leaves out what is behind HARDLINK, and a live tree has left it out. */
		if (item->type < ENTRY_TYPE_HARDLINK &&
		    !exclude_match(exclude, item->path, item->type == ENTRY_TYPE_DIR))
			v->rows[kept++] = v->rows[i];
	}
	v->count = kept;
	return 0;
}

int inventory_settle(struct inventory *v, int rc, const struct exclude *exclude,
                     struct inventory **out, struct err *e)
{
	if (rc == 0)
		rc = settle(v, exclude, e);
	if (rc == 0)
		*out = v;
	else
		inventory_close(v);
	return rc;
}

size_t inventory_count(const struct inventory *v)
{
	return v->count;
}

const struct inventory_item *inventory_at(const struct inventory *v, size_t i)
{
	return &v->rows[i].item;
}

bool inventory_has_below(const struct inventory *v, struct str path)
{
	size_t i = lower_bound(v, path);
	if (i < v->count && str_eq(v->rows[i].item.path, path))
		i++;
	return i < v->count && names_within(v->rows[i].item.path, path);
}
