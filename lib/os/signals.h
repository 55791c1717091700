/* Signals as a readable descriptor. Blocks them; nothing runs in a handler. */
#ifndef WS_OS_SIGNALS_H
#define WS_OS_SIGNALS_H

#include "base/defs.h"
#include "base/err.h"
#include "os/proc.h"

/* For applets that are not supervising: SIGPIPE and SIGXFSZ are ignored (EPIPE and EFBIG tell),
 * and TERM INT HUP end the process with status 128+n even as PID 1 (every applet is safe to end
 * at any instruction). Descriptors 0 to 2 that are closed are opened on /dev/null, standard input
 * and output so that using them is an error; when that is absent the call fails. */
int signals_prepare(struct err *e) MUST_CHECK;

/* Block every signal but those that a fault raises (and PIPE, XFSZ), and open a signalfd for them. What we were started to
 * ignore (nohup, a background job) stays ignored, but TERM: here and below. */
int signals_open(int *fd, struct err *e) MUST_CHECK;
/* The same for TERM, INT and HUP alone: readable when someone wants us to stop, and not when a
 * child ends. */
int signals_open_stop(int *fd, struct err *e) MUST_CHECK;
/* Read one signal number without blocking: 0 when there is none. */
int signals_next(int fd, struct err *e) MUST_CHECK;
/* The same, and the word that it was sent with (sigqueue, proc_other_signal); 0: none. */
int signals_read(int fd, uint64_t *word, struct err *e) MUST_CHECK;

/* What a child ended with, as a shell says it: its status, or 128 + signal. */
struct signals_child {
	int32_t pid;
	int status;
	int signal_number; /* 0: it exited */
};
/* Reap one ended child, whichever (PID 1's duty): 1 and *out, 0 none ended, -1 error. */
int signals_reap(struct signals_child *out, struct err *e) MUST_CHECK;
/* Send a signal to a process group. A group that is gone is fine. */
int signals_send_group(int32_t pgid, int signal_number, struct err *e) MUST_CHECK;
/* Poll `fd` for reading until `deadline_ms` (monotonic; negative: no limit): 1 readable, 0 time
 * is up. */
int signals_wait(int fd, int64_t deadline_ms, struct err *e) MUST_CHECK;
/* Become the reaper of orphaned descendants (PR_SET_CHILD_SUBREAPER). */
int signals_adopt_orphans(struct err *e) MUST_CHECK;

#endif
