/*
 * Who supervises a command in a workspace (ws-setup … -- COMMAND), as its record names it, and what others may ask of that:
 * by a signal, through a descriptor of the process, so that nobody else is ever signalled. The record tells what came of it.
 */
#ifndef WS_WS_HOLDER_H
#define WS_WS_HOLDER_H

#include "base/defs.h"
#include "base/err.h"
#include "os/cgroup.h"
#include "ws/base_dir.h"
#include "ws/record.h"

enum holder_wish {
	HOLDER_PAUSE,
	HOLDER_RESUME,
	HOLDER_CANCEL, /* end the command, and save as when it had ended by itself */
	HOLDER_SAVE,   /* save now; the command goes on */
};

struct holder_ask {
	enum holder_wish wish;
	bool dry_run;        /* only see whether it could be asked */
	int64_t deadline_ms; /* duration: how long to wait until it is so; 0: as long as it takes */
};

/* This process is going to supervise a command in that control group. */
void holder_note(struct record *r, const struct cgroup *cgroup);
/* Whether a command is supervised in the workspace now, by a process on this host that takes wishes. */
bool holder_can_save(const struct base_dir *b, const char *id);
/* Ask, and wait until it is so; *out is then the record (record_free), also after an error that came of the waiting. It is so
 * already: done. CONFLICT: no command runs there, or it ended meanwhile; TRY_AGAIN: someone else is at it, or it is not so in
 * time; UNAVAILABLE, naming the holder: it is another host's, or another container's; DENIED; a save that failed: its error. */
int holder_ask(const struct base_dir *b, const char *id, const struct holder_ask *how,
               struct record *out, struct err *e) MUST_CHECK;
/* End what the command of a supervisor that was killed left behind, or only what of that nobody else would ever let go. The
 * workspace's lock has to be held. */
void holder_end_left(const struct record *r, bool frozen_only);

#endif
