/* Run a program to its end and keep what it writes. */
#ifndef WS_OS_PROC_CAPTURE_H
#define WS_OS_PROC_CAPTURE_H

#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "os/proc.h"
#include "os/stop.h"

/* Start `how` in a process group of its own and append its standard output to `out`. What is -1 of standard input
 * and error is /dev/null. *status: 0 to 255, or 128 + signal. Errors: NOT_FOUND, DENIED (cannot be run), TRY_AGAIN when
 * it has not ended at `deadline_ms` (monotonic): or `stop` (may be NULL)
 * was asked: then its group is killed; DATA when it writes more than fits. */
int proc_capture_run(const struct proc_spawn *how, int64_t deadline_ms, const struct stop *stop,
                     struct buf *out, int *status, struct err *e) MUST_CHECK;

#endif
