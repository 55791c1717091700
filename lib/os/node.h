/* Making directories, FIFOs, links and symlinks by a single name in an open directory, and their times. Nothing is followed
 * and nothing is replaced: a name that is taken is a CONFLICT. */
#ifndef WS_OS_NODE_H
#define WS_OS_NODE_H

#include "base/defs.h"
#include "base/err.h"

/* A directory with `mode`, less what the umask takes away. */
int node_make_dir(int dirfd, const char *name, uint32_t mode, struct err *e) MUST_CHECK;
int node_make_symlink(int dirfd, const char *name, const char *target, struct err *e) MUST_CHECK;
int node_make_fifo(int dirfd, const char *name, struct err *e) MUST_CHECK;
/* A further name of `from` (itself, when it is a symlink). */
int node_make_link(int from_dir, const char *from, int to_dir, const char *to,
                   struct err *e) MUST_CHECK;

/* Modification time; the access time stays. Of an open file or directory, and of a directory entry itself. */
int node_set_mtime(int fd, int64_t seconds, uint32_t ns, struct err *e,
                   const char *what) MUST_CHECK;
int node_set_mtime_at(int dirfd, const char *name, int64_t seconds, uint32_t ns,
                      struct err *e) MUST_CHECK;

#endif
