/* What was unpacked, moved into a directory that has things of its own. */
#ifndef WS_APPLETS_PACK_MERGE_H
#define WS_APPLETS_PACK_MERGE_H

#include "base/defs.h"
#include "base/err.h"

struct pack_merge {
	int from, to; /* directories on one file system; what is moved goes out of `from` */
	bool owners; /* directories that are there get owner and group too, not only mode and time */
};

/* Move everything below `from` to the same place below `to`. A file or symlink replaces one that is there by a rename; a
 * directory that is there keeps what `from` does not name. No link is followed on either side. Errors: CONFLICT, found
 * before anything is moved, for a directory that would replace something else, or be replaced, or is a mount point. */
int pack_merge(const struct pack_merge *m, struct err *e) MUST_CHECK;

/* Move `name` from one directory to the other, even a directory that may not be written to. */
int pack_merge_move(int from, int to, const char *name, bool noreplace, struct err *e) MUST_CHECK;

#endif
