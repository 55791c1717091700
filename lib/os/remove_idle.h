/* Deleting in the background of everything else: threads of idle input/output class and lowest priority, one for each
 * core, each with a directory of its own (in one directory the kernel lets only one at a time). */
#ifndef WS_OS_REMOVE_IDLE_H
#define WS_OS_REMOVE_IDLE_H

#include "os/remove.h"

/* remove_tree, in such threads; returns when it is done. */
int remove_idle_tree(int dirfd, const char *name, struct remove_stats *stats,
                     struct err *e) MUST_CHECK;

#endif
