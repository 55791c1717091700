/*
 * Hardlinks become the files that they lead to: what was at the path when the link came, else what comes there first. The links, sorted by
 * where they lead, go beside the rows, sorted by path; those that lead to links go round once more.
 */
#include "pack/inventory_parts.h"
#include "pack/names.h"

enum { LINKS_MAX = 16 };

/* A link as a row that sorts by where it leads and by when: `path` and `link` have changed places. In the size its own number, when the
 * one in front is that of another link on the way. */
static struct inventory_row turned(struct str path, uint64_t number, struct str target,
                                   uint64_t when)
{
	return (struct inventory_row){
		.item = { .path = target, .link = path, .size_bytes = number },
		.number = when,
	};
}

struct sorter *inventory_links_new(struct sorter_file *file)
{
	return sorter_new(file, inventory_row_cmp);
}

int inventory_links_add(struct sorter *links, const struct inventory_row *link, struct err *e)
{
	struct inventory_row row =
		turned(link->item.path, link->number, link->item.link, link->number);
	return inventory_row_add(links, &row, e);
}

static int leads_nowhere(struct str path, struct err *e)
{
	return err_set(e, ERR_KIND_DATA, "'%s' is a hardlink to nothing", names_show(path).text);
}

/* The rows of one path, of which the links to it may mean one. */
struct aim {
	struct sorter *rows;
	struct str next; /* of the rows, when `more` */
	bool more;
	struct buf first, best; /* best: the last one that came before the link; empty: none */
};

static int advance(struct aim *a, struct err *e)
{
	int rc = sorter_next(a->rows, &a->next, e);
	a->more = rc > 0;
	return rc < 0 ? -1 : 0;
}

static void keep(struct buf *out, struct str record)
{
	buf_clear(out);
	buf_add_str(out, record);
}

/* Go to what `link` means: 1, 0 when nothing is there, -1. */
static int find(struct aim *a, const struct inventory_row *link, struct err *e)
{
	struct str target = link->item.path;
	bool same = a->first.len > 0 && str_eq(inventory_row_path(buf_str(&a->first)), target);
	if (!same) {
		buf_clear(&a->first);
		buf_clear(&a->best);
	}
	while (!same && a->more && names_cmp(inventory_row_path(a->next), target) < 0)
		if (advance(a, e))
			return -1;
	while (a->more && str_eq(inventory_row_path(a->next), target)) {
		if (a->first.len == 0)
			keep(&a->first, a->next);
		if (inventory_row_number(a->next) >= link->number)
			break;
		keep(&a->best, a->next);
		if (advance(a, e))
			return -1;
	}
	return a->first.len > 0;
}

/* One round: what is known goes to `done`, the rest to `again`. */
static int go_round(struct aim *a, struct sorter *links, struct sorter *done, struct sorter *again,
                    struct err *e)
{
	struct str record;
	int rc;
	if (sorter_rewind(a->rows, e) || advance(a, e) || sorter_rewind(links, e))
		return -1;
	while ((rc = sorter_next(links, &record, e)) > 0) {
		const struct inventory_row link = inventory_row_of(record, NULL);
		struct str path = link.item.link;
		int found = find(a, &link, e);
		if (found <= 0)
			return found < 0 ? -1 : leads_nowhere(path, e);
		struct inventory_row row =
			inventory_row_of(buf_str(a->best.len > 0 ? &a->best : &a->first), NULL);
		struct sorter *to = done;
		if (row.item.type == ENTRY_TYPE_HARDLINK) {
			row = turned(path, link.item.size_bytes, row.item.link, row.number);
			to = again;
		} else {
			row.item.path = path;
			row.number = link.item.size_bytes;
		}
		if (inventory_row_add(to, &row, e))
			return -1;
	}
	return rc;
}

/* The rows that are no hardlinks. */
static int copy_others(struct sorter *rows, struct sorter *out, struct err *e)
{
	struct str record;
	int rc = sorter_rewind(rows, e);
	if (rc)
		return -1;
	while ((rc = sorter_next(rows, &record, e)) > 0)
		if (inventory_row_of(record, NULL).item.type != ENTRY_TYPE_HARDLINK &&
		    sorter_add(out, record, e))
			return -1;
	return rc;
}

/* Round after round. Links in a ring never get anywhere. */
static int go(struct aim *a, struct inventory_load *l, struct sorter *done, struct err *e)
{
	struct str record;
	for (int i = 0; i < LINKS_MAX; i++) {
		struct sorter *again = inventory_links_new(l->file);
		int rc = go_round(a, l->links, done, again, e);
		sorter_free(l->links);
		l->links = again;
		if (rc || sorter_rewind(again, e))
			return -1;
		int more = sorter_next(again, &record, e);
		if (more <= 0)
			return more;
	}
	return leads_nowhere(inventory_row_of(record, NULL).item.link, e);
}

int inventory_links_resolve(struct inventory_load *l, struct err *e)
{
	struct aim a = { .rows = l->all };
	struct sorter *done = sorter_new(l->file, inventory_row_cmp);
	a.first = a.best = buf_make(SIZE_MAX / 2);
	int rc = copy_others(l->all, done, e);
	if (rc == 0)
		rc = go(&a, l, done, e);
	buf_free(&a.first);
	buf_free(&a.best);
	sorter_free(l->all);
	l->all = done;
	return rc;
}
