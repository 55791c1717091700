/*
 * Run a command as PID 1 should: signals from the first instruction on, forwarded to the child's process
 * group; every orphan reaped; the command's status or 128+n. TSTP, TTIN and TTOU pause it until a CONT, or until it is to end;
 * its time limit runs on meanwhile. Where it has a control group of its own (os/cgroup.h) the pause and the KILL are for all of
 * that.
 */
#ifndef WS_WS_SUPERVISE_H
#define WS_WS_SUPERVISE_H

#include "base/defs.h"
#include "base/err.h"
#include "os/proc.h"

/* With these words a signal is a wish of holder.h; without one it is the command's. */
enum {
	SUPERVISE_WORD_CANCEL = 0x77732d01, /* with a TERM: nobody wants what it would still do */
	SUPERVISE_WORD_SAVE = 0x77732d02,   /* with an URG: save now, and let it go on */
};

struct supervise_result {
	int status; /* 0 to 255, or 128 + signal; of a command that is not there 127, that can't be run 126 */
	int signal_number;        /* that it died of; 0: none */
	bool terminated;          /* a TERM, INT or HUP came to us */
	bool cancelled;           /* with the word for that */
	int64_t terminated_at_ms; /* monotonic; when the first one came */
	bool over_time;           /* the time limit was reached before that */
};

/* What became of a command that goes on. */
struct supervise_event {
	enum supervise_what {
		SUPERVISE_PAUSED,
		SUPERVISE_RESUMED,
		SUPERVISE_CANCELLED,
		SUPERVISE_SAVING, /* it stands still, and `save` is called next */
		SUPERVISE_SAVED,
		SUPERVISE_NOT_SAVED,
	} what;
	const struct err *why; /* of NOT_SAVED */
};

struct supervise_how {
	int64_t grace_ms; /* from a TERM to a KILL for the group; negative: none */
	int64_t limit_ms; /* how long the command may run, paused or not; then it gets a TERM; 0: no limit */
	int64_t save_every_ms; /* 0: when it is asked for */
	int32_t spared;        /* a child of ours that is none of the command's; 0: there is none */
	/* Save what there is: in a child of its own, while the command is held; killed when the command is to end, or when it
	 * takes longer than save_every_ms, and 2 s. NULL: it is never saved. */
	int (*save)(void *ctx, struct err *e);
	/* Called between two signals, and never while `save` runs; NULL: nobody wants to know. */
	void (*tell)(void *ctx, const struct supervise_event *event);
	void *ctx;
};

/* Block and open the signals before anything else is done: a descriptor for supervise_run. */
int supervise_prepare(int *signal_fd, struct err *e) MUST_CHECK;
/* Start the command, in the control group that it is given, and stay until it ended. What is left of its group then gets TERM,
 * then KILL after at most 1 s; then whoever left the group (supervise_rest.h). -1 with a status in *out: it was not started. */
int supervise_run(const struct proc_spawn *spawn, int signal_fd, const struct supervise_how *how,
                  struct supervise_result *out, struct err *e) MUST_CHECK;

#endif
