/* What is different between two inventories. */
#ifndef WS_PACK_DIFF_H
#define WS_PACK_DIFF_H

#include "base/defs.h"
#include "base/err.h"
#include "pack/inventory.h"
#include "pack/sorter.h"

enum diff_kind { DIFF_ADDED, DIFF_REMOVED, DIFF_MODIFIED, DIFF_RENAMED };

/* What of it, as bits. */
enum { DIFF_TYPE = 1, DIFF_CONTENT = 2, DIFF_MODE = 4, DIFF_TARGET = 8 };

struct diff_change {
	enum diff_kind kind;
	unsigned what;                               /* of MODIFIED; of RENAMED 0 or DIFF_MODE */
	const struct inventory_item *before, *after; /* NULL for ADDED, for REMOVED */
};

/* A change and what it points to are valid until it returns. Not 0: that was enough, the error is in `e`. */
typedef int diff_take(void *ctx, const struct diff_change *change, struct err *e);

/* Have them given out by path, of RENAMED by the new one. Files are compared by size and SHA-256, never by time; a mode by all
 * its twelve bits. A file is renamed when it is gone from one path and its content, not empty, is new at another. A directory that
 * only one side names but both have things in, and the root that only one names, are no difference. What is long lies in `file`. */
int diff_compare(struct inventory *before, struct inventory *after, struct sorter_file *file,
                 diff_take *take, void *ctx, struct err *e) MUST_CHECK;

#endif
