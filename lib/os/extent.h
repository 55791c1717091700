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

#endif
