/* <base>/.ws/reserve, a file that holds space, and empty ones beside it that hold inodes: on a full disk records, and a small
 * archive in the embedded store, can still be written while something is saved and removed, or collected. */
#ifndef WS_WS_RESERVE_H
#define WS_WS_RESERVE_H

#include "base/defs.h"
#include "ws/base_dir.h"

enum { RESERVE_BYTES = 64 * 1024 };

/* Make it when it is missing. Best effort. */
void reserve_make(const struct base_dir *b);
/* Give its space back when there is hardly any left. */
void reserve_release(const struct base_dir *b);

#endif
