/* An inventory from the inside. */
#ifndef WS_PACK_INVENTORY_PARTS_H
#define WS_PACK_INVENTORY_PARTS_H

#include "base/buf.h"
#include "pack/inventory.h"

enum { INVENTORY_STEP = 256 * 1024 };

/* While it is loaded: the views of item are not set yet. */
struct inventory_row {
	struct inventory_item item;
	size_t number; /* in the order of the archive */
	size_t path_at, path_len, link_at, link_len;
	/* Of inventory_fetch: asked for; had, in inventory.kept. */
	bool wanted, kept;
	size_t kept_at, kept_len;
};

struct inventory {
	struct inventory_row *rows;
	size_t count, cap;
	struct buf text;
	struct buf path, link; /* of the entry at hand */
	struct reader *reader; /* of an archive */
	int dirfd;             /* of a tree, else -1 */
	struct buf kept;       /* contents, of inventory_fetch */
	struct progress *progress;
	unsigned char *step; /* INVENTORY_STEP bytes to read into */
};

/* Add `entry` under its clean path; the row is valid until the next one. */
struct inventory_row *inventory_add(struct inventory *v, const struct entry *entry,
                                    struct str path);
/* When loading it went well (`rc` 0): sort, join, resolve hardlinks, leave out what is excluded, and hand it out; else close
 * it. Errors: `rc`; DATA for a hardlink to nothing. */
int inventory_settle(struct inventory *v, int rc, const struct exclude *exclude,
                     struct inventory **out, struct err *e) MUST_CHECK;
/* The row of a path, or NULL. Only when settled. */
struct inventory_row *inventory_find(const struct inventory *v, struct str path);
struct inventory *inventory_new(const struct inventory_options *options);

#endif
