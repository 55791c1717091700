/* What is different between two inventories. */
#ifndef WS_PACK_DIFF_H
#define WS_PACK_DIFF_H

#include "base/defs.h"
#include "base/err.h"
#include "pack/inventory.h"

enum diff_kind { DIFF_ADDED, DIFF_REMOVED, DIFF_MODIFIED, DIFF_RENAMED };

/* What of it, as bits. */
enum { DIFF_TYPE = 1, DIFF_CONTENT = 2, DIFF_MODE = 4, DIFF_TARGET = 8 };

struct diff_change {
	enum diff_kind kind;
	unsigned what;                               /* of MODIFIED; of RENAMED 0 or DIFF_MODE */
	const struct inventory_item *before, *after; /* NULL for ADDED, for REMOVED */
};

struct diff_list {
	struct diff_change *changes; /* by path, of RENAMED by the new one */
	size_t count, cap;
};

/* `out` points into both inventories. Files are compared by size and SHA-256, never by time; a mode by all its twelve
 * bits. A file is renamed when it is gone from one path and its content, not empty, is new at another. A directory that
 * only one side names but both have things in, and the root that only one names, are no difference. */
int diff_compare(struct inventory *before, struct inventory *after, struct diff_list *out,
                 struct err *e) MUST_CHECK;
void diff_free(struct diff_list *list);
#define DIFF_AUTO AUTO(diff_free) struct diff_list

#endif
