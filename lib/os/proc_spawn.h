/* What happens between fork and exec. For lib/os itself. */
#ifndef WS_OS_PROC_SPAWN_H
#define WS_OS_PROC_SPAWN_H

#include <sys/types.h>

#include "os/proc.h"

/* In a child: end by this signal when `parent` ends (its thread that forked, that is); at once when it has ended
 * already. */
void proc_spawn_bind(pid_t parent, int number);
/* A descriptor of the child, or -1 where the kernel has none. */
int proc_spawn_pidfd(pid_t pid);
/* proc_start. */
int proc_spawn_start(const struct proc_spawn *how, struct proc *out, struct err *e) MUST_CHECK;

#endif
