/*
 * Restore priority: what a tree is worked with first comes first in the archive, what can be made again last. By names
 * only. For the writer.
 */
#ifndef WS_PACK_ORDER_H
#define WS_PACK_ORDER_H

#include "base/defs.h"
#include "base/str.h"

enum order { ORDER_FIRST, ORDER_MIDDLE, ORDER_LAST, ORDER_COUNT };

/* Of `path` (clean): FIRST .git, lock files and directories, LAST node_modules and caches with all below them. */
enum order order_of(struct str path, bool is_dir);
/* Whether all below the directory `path` has its place. */
bool order_is_whole(struct str path);

#endif
