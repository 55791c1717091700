/*
 * Save, then remove. Every step is safe to be killed at; a second run goes on where the first one was.
 * A save that can't succeed before the deadline moves the directory to the spool (one rename: works on a full
 * disk and at once), from where teardown_retry sends it.
 */
#ifndef WS_WS_TEARDOWN_H
#define WS_WS_TEARDOWN_H

#include "base/defs.h"
#include "base/err.h"
#include "base/progress.h"
#include "data/ini.h"
#include "os/lock.h"
#include "os/meter.h"
#include "s3/s3.h"
#include "ws/base_dir.h"
#include "ws/record.h"

struct teardown_options {
	bool keep; /* save, but leave the directory and the record ready */
	bool live; /* with keep: its command goes on and further saves follow: the history counts them, and the caller notes failures */
	bool discard;          /* save nothing; the directory goes to the trash */
	bool overwrite_remote; /* the way out of law 1 */
	bool keep_going; /* unreadable files: save PARTIAL beside, keep the directory in the spool */
	bool keep_trash; /* rename to trash and leave the deletion to gc */
	bool only_clean; /* of a worktree or clone: CONFLICT ("dirty") when git says of work that nothing else has */
	bool drop_branch; /* of a worktree: delete the branch that was made for it, when it holds nothing of its own */
	bool may_come_back; /* gc looks once more at what is in the trash: a worktree's links stay, and git knows it, until gc is sure */
	bool no_spool;      /* a save that fails leaves the directory where it is, READY (gc) */
	bool dry_run;
	int64_t deadline_ms; /* duration; 0: none. When over: spool */
	bool deadline_on_stop; /* the deadline starts with the first signal at wake_fd, and the second one spools;
	                        * else it starts now and the first one spools */
	int64_t wait_ms; /* for the lock */
	int wake_fd; /* from signals_open_stop; a signal there ends the save at once; -1: none */
	const struct ini *config;
	const struct s3_config *s3;
	struct progress *progress;
	enum meter_mode
		meter; /* of progress, for a save in a child of its own (deadline_ms, wake_fd): drawn there */
	void (*notice)(void *ctx, const struct err *e); /* warnings on the way; may be NULL */
	void *notice_ctx;
};

struct teardown_result {
	size_t parts_saved;
	uint64_t content_bytes, archived_bytes, entries;
	bool removed, spooled, conflict;
	char trash_name[256]; /* where the directory went, below .ws/trash; "" */
	char *side_key;       /* conflict: where this state was stored instead; mem_free */
	/* Of a dry run of a worktree: what would be kept under refs/ws/preserved (files that differ from the head,
	 * untracked ones, commits that nothing else has), and how many ignored paths would go into the archive. */
	bool is_worktree;
	uint64_t git_dirty, git_untracked, git_detached, git_ignored;
};

/* Take its lock. NOT_FOUND; TRY_AGAIN, naming the holder. */
int teardown_lock(const struct base_dir *b, const char *id, int64_t wait_ms, struct lock *out,
                  struct err *e) MUST_CHECK;
/* Save and remove the workspace `id`. `held`: its lock when the caller holds it (a supervisor), else it is taken
 * here. Errors: NOT_FOUND; TRY_AGAIN when locked, or spooled; CONFLICT when the store's state is not the one
 * this workspace was built on (it is saved beside, and named); USAGE when there is no restore token. */
int teardown_run(const struct base_dir *b, const char *id, const struct teardown_options *o,
                 struct lock *held, struct teardown_result *out, struct err *e) MUST_CHECK;
/* Send everything in the spool; each failure is told through notice. FAILED/TRY_AGAIN when some are left;
 * CONFLICT when one of them lies beside somebody else's state now. */
int teardown_retry(const struct base_dir *b, const struct teardown_options *o, size_t *sent,
                   size_t *left, struct err *e) MUST_CHECK;
void teardown_result_free(struct teardown_result *r);

#endif
