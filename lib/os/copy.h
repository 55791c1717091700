/* The bytes of one file into another, by the cheapest way that both file systems have. */
#ifndef WS_OS_COPY_H
#define WS_OS_COPY_H

#include "base/defs.h"
#include "base/err.h"

/* `to` is a new file; both are at their beginnings. */

/* Share the blocks (FICLONE): whether that was done. */
bool copy_share(int from, int to);
/* Let the kernel copy (copy_file_range), else read and write. `copied` gets the bytes. */
int copy_bytes(int from, int to, uint64_t *copied, struct err *e, const char *what) MUST_CHECK;

#endif
