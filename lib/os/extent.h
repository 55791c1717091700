/* Where the data of a sparse file lies, and what of it other files hold, too. */
#ifndef WS_OS_EXTENT_H
#define WS_OS_EXTENT_H

#include "base/defs.h"
#include "base/err.h"

/* The first run of data at or behind `offset`: 1 and its start and end, 0 when only a hole follows, -1. A file
 * system that does not tell says that all of it is data. */
int extent_next(int fd, uint64_t offset, uint64_t *start, uint64_t *end, struct err *e,
                const char *what) MUST_CHECK;
/* Make the open file `size_bytes` long; what is added is a hole. */
int extent_set_size(int fd, uint64_t size_bytes, struct err *e, const char *what) MUST_CHECK;
/* Whether files on the file system of `fd` can share blocks (reflinks). */
bool extent_can_share(int fd);
/* How many bytes of an open file lie in blocks that it shares. An error where the file system does not tell. */
int extent_shared(int fd, uint64_t *bytes, struct err *e, const char *what) MUST_CHECK;

/* ---- extent_tree.c ---- */

/* How many bytes of the directory `name` lie in blocks that another file holds, too: they come free with the last of
 * them. Each file is opened, so this is asked for when it is shown; where no file can share, nothing is. */
int extent_tree_shared(int dirfd, const char *name, uint64_t *bytes, struct err *e) MUST_CHECK;

#endif
