/* The bytes of one file into another, by the cheapest way that both file systems have. */
#ifndef WS_OS_COPY_H
#define WS_OS_COPY_H

#include "base/defs.h"
#include "base/err.h"

/* Share the blocks (FICLONE), else let the kernel copy (copy_file_range), else read and write. `to` is a new file; both
 * are at their beginnings. `copied` gets the bytes; `shared` (may be NULL) whether the blocks are shared. */
int copy_data(int from, int to, uint64_t *copied, bool *shared, struct err *e,
              const char *what) MUST_CHECK;

#endif
