/*
 * Run a command as PID 1 should: signals from the first instruction on, forwarded to the child's process
 * group; every orphan reaped; the command's status or 128+n.
 */
#ifndef WS_WS_SUPERVISE_H
#define WS_WS_SUPERVISE_H

#include "base/defs.h"
#include "base/err.h"
#include "os/proc.h"

struct supervise_result {
	int status;               /* 0 to 255, or 128 + signal */
	bool terminated;          /* a TERM, INT or HUP came to us */
	int64_t terminated_at_ms; /* monotonic; when the first one came */
};

/* Block and open the signals before anything else is done: a descriptor for supervise_run. */
int supervise_prepare(int *signal_fd, struct err *e) MUST_CHECK;
/* Start the command and stay until it ended. After a TERM the group gets `grace_ms`, then KILL (negative: no
 * limit). What is left of the group when the command ends gets TERM, then KILL after at most 1 s. */
int supervise_run(const struct proc_spawn *how, int signal_fd, int64_t grace_ms,
                  struct supervise_result *out, struct err *e) MUST_CHECK;

#endif
