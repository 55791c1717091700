/*
 * Delete a tree beneath a descriptor: no link is followed, no mount is crossed (mount id and device
 * compared for each directory), no path is built. Directories without permission are opened up
 * first when they are ours. Depth is bounded by memory, not by descriptors.
 */
#ifndef WS_OS_REMOVE_H
#define WS_OS_REMOVE_H

#include "base/defs.h"
#include "base/err.h"

struct remove_stats {
	uint64_t entries;         /* files and directories removed */
	uint64_t allocated_bytes; /* their blocks; a hardlink counts when its last name goes */
	int64_t end_ms; /* monotonic: then it stops with TRY_AGAIN, and goes on with the next call; 0: never */
};

/* Remove `name` (one component) and all below it. Absent is fine. Stops at the first thing that
 * can't be removed (a mount point: CONFLICT "is a mount point"). stats may be NULL; they are
 * added to. */
int remove_tree(int dirfd, const char *name, struct remove_stats *stats, struct err *e) MUST_CHECK;

#endif
