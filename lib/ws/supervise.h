/*
 * Run a command as PID 1 should: signals from the first instruction on, forwarded to the child's process
 * group (TSTP, TTIN and TTOU as STOP); every orphan reaped; the command's status or 128+n. Where we may make a control
 * group (os/cgroup.h) the command gets one, and the KILL goes to all of that in one step.
 */
#ifndef WS_WS_SUPERVISE_H
#define WS_WS_SUPERVISE_H

#include "base/defs.h"
#include "base/err.h"
#include "os/proc.h"

struct supervise_result {
	int status; /* 0 to 255, or 128 + signal; of a command that is not there 127, that can't be run 126 */
	int signal_number;        /* that it died of; 0: none */
	bool terminated;          /* a TERM, INT or HUP came to us */
	int64_t terminated_at_ms; /* monotonic; when the first one came */
	bool over_time;           /* the time limit was reached before that */
};

/* Block and open the signals before anything else is done: a descriptor for supervise_run. */
int supervise_prepare(int *signal_fd, struct err *e) MUST_CHECK;
struct supervise_times {
	int64_t grace_ms; /* from a TERM to a KILL for the group; negative: none */
	int64_t limit_ms; /* how long the command may run, then it gets a TERM; 0: no limit */
	int32_t spared;   /* a child of ours that is none of the command's; 0: there is none */
};
/* Start the command and stay until it ended. What is left of its group then gets TERM, then KILL after at most 1 s; then
 * whoever left the group (supervise_rest.h). -1 with a status in *out: it was not started. */
int supervise_run(const struct proc_spawn *how, int signal_fd, const struct supervise_times *times,
                  struct supervise_result *out, struct err *e) MUST_CHECK;

#endif
