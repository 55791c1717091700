/* A process that is not ours to wait for, by a descriptor of it: nobody who gets its pid later is ever meant. */
#ifndef WS_OS_PROC_OTHER_H
#define WS_OS_PROC_OTHER_H

#include "base/defs.h"
#include "base/err.h"
#include "os/proc.h"

/* NOT_FOUND when it is gone, or its pid is somebody else's by now; UNAVAILABLE where the kernel has no such descriptors
 * (Linux before 5.3). */
int proc_other_open(const struct proc_id *id, int *pidfd, struct err *e) MUST_CHECK;
/* Send a signal; `word` comes with it (signals_read), 0: as kill(2) does it. DENIED, NOT_FOUND. */
int proc_other_signal(int pidfd, int number, uint64_t word, struct err *e) MUST_CHECK;
/* Whether it has ended, waiting for that until `deadline_ms` (monotonic; negative: no limit). */
bool proc_other_ended(int pidfd, int64_t deadline_ms);

#endif
