/* The parts of dir that take several steps. For lib/os itself. */
#ifndef WS_OS_DIR_NAMES_H
#define WS_OS_DIR_NAMES_H

#include "base/buf.h"
#include "base/err.h"

/* Append the names in the directory `fd` (read to its end), each with its terminator; -1 and
 * errno, E2BIG beyond max_entries. */
int dir_names_read(int fd, size_t max_entries, struct buf *out, size_t *count) MUST_CHECK;
/* One allocation: `count` pointers in byte order, NULL, the names. */
char **dir_names_sorted(const struct buf *names, size_t count);

/* Rename where RENAME_NOREPLACE is not known: -1 and errno, EEXIST when `to` is there. */
int dir_names_move(int from_dir, const char *from, int to_dir, const char *to) MUST_CHECK;

#endif
