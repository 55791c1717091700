/* Saves of a command that goes on: when they are due, and the child that does one. For supervise.c. */
#ifndef WS_WS_SUPERVISE_SAVE_H
#define WS_WS_SUPERVISE_SAVE_H

#include "base/defs.h"
#include "base/err.h"
#include "os/proc.h"
#include "ws/supervise.h"
#include "ws/supervise_hold.h"

struct supervise_save {
	const struct supervise_how *how;
	struct supervise_hold *hold;
	struct proc_task task; /* pid 0: none is under way */
	int64_t due_ms;        /* monotonic; -1: never */
	int64_t until_ms;      /* of the one under way */
	bool is_asked;         /* for one that has not begun yet */
	bool is_current;       /* the command is paused, and was saved since */
	bool is_over;          /* the command is to end */
};

void supervise_save_init(struct supervise_save *s, const struct supervise_how *how,
                         struct supervise_hold *hold);
bool supervise_save_is_running(const struct supervise_save *s);
/* One is wanted as soon as it can be. */
void supervise_save_ask(struct supervise_save *s);
/* When something is to be done: one is due, or has taken too long. -1: nothing. */
int64_t supervise_save_time(const struct supervise_save *s);
/* Begin what is due; give up what takes too long. */
void supervise_save_look(struct supervise_save *s);
/* Wait until the one under way has ended, which is told, or something else comes: a signal, or the time. */
int supervise_save_wait(struct supervise_save *s, int signal_fd, int64_t until_ms,
                        struct err *e) MUST_CHECK;
/* The command is to end, or has: no more of them, and the one under way is given up. */
void supervise_save_stop(struct supervise_save *s);

#endif
