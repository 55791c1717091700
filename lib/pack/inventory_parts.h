/* An inventory from the inside. */
#ifndef WS_PACK_INVENTORY_PARTS_H
#define WS_PACK_INVENTORY_PARTS_H

#include "base/buf.h"
#include "pack/inventory.h"
#include "pack/inventory_row.h"

enum { INVENTORY_STEP = 256 * 1024 };

/* A file that inventory_fetch was asked for: had, in inventory.kept. */
struct inventory_wanted {
	struct str path;
	bool kept;
	size_t at, len;
};

struct inventory {
	struct sorter_file *file;
	struct sorter *rows; /* by path; NULL: nothing */
	uint64_t count;
	struct inventory_item item; /* the present one */
	struct buf path, link;      /* of the entry at hand, while it is loaded */
	struct reader *reader;      /* of an archive */
	int dirfd;                  /* of a tree, else -1 */
	struct inventory_wanted *wanted;
	size_t wanted_count;
	struct buf kept; /* contents, of inventory_fetch */
	struct progress *progress;
	unsigned char *step; /* INVENTORY_STEP bytes to read into */
};

struct inventory *inventory_new(const struct inventory_options *options);
/* The next row, in the order of the paths and settled. */
int inventory_add(struct inventory *v, const struct inventory_row *row, struct err *e) MUST_CHECK;

/* Rows as an archive or a snapshot has them: in any order, hardlinks among them. */
struct inventory_load {
	struct sorter_file *file;
	struct sorter *all,
		*links; /* links: NULL, or the hardlinks once more (inventory_links.c) */
	uint64_t count;
};
struct inventory_load inventory_load_begin(const struct inventory *v);
void inventory_load_free(struct inventory_load *l);
#define INVENTORY_LOAD_AUTO AUTO(inventory_load_free) struct inventory_load
int inventory_load_add(struct inventory_load *l, const struct inventory_item *item,
                       struct err *e) MUST_CHECK;
/* That was all: sort, resolve hardlinks, join, leave out what is excluded. Errors: DATA for a hardlink to nothing. */
int inventory_load_end(struct inventory *v, struct inventory_load *l, const struct exclude *exclude,
                       struct err *e) MUST_CHECK;

/* ---- inventory_links.c ---- */

struct sorter *inventory_links_new(struct sorter_file *file);
int inventory_links_add(struct sorter *links, const struct inventory_row *link,
                        struct err *e) MUST_CHECK;
/* Have rows of files in `l->all` in place of hardlinks. */
int inventory_links_resolve(struct inventory_load *l, struct err *e) MUST_CHECK;

#endif
