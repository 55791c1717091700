/* Our own children, those adopted from others included. */
#ifndef WS_OS_PROC_CHILDREN_H
#define WS_OS_PROC_CHILDREN_H

#include "base/defs.h"
#include "base/err.h"

/* Up to `cap` children of this process that have not ended, from /proc. Their pids are theirs until we reap them, so that a
 * process with one thread may send them signals. */
int proc_children_list(int32_t *pids, size_t cap, size_t *count, struct err *e) MUST_CHECK;
/* A signal to one of them. One that has ended is fine; one that we may not send to (it became another user) is not told. */
void proc_children_signal(int32_t pid, int number);

#endif
