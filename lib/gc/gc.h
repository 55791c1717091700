/*
 * Collection: scan (records, locks, pins, processes, newest evidence in the tree), plan (pure: a reason for everything
 * kept and everything taken), execute exactly the plan.
 *
 * Stages of a workspace that is taken: saved to its store as ws-teardown would (law 2), or archived; renamed to the
 * trash; looked at once more, and put back when it turned out to be in use; deleted when it has been in the trash for
 * trash_ttl. An ephemeral one is not saved; a sensitive one is neither saved nor left in the trash.
 */
#ifndef WS_GC_GC_H
#define WS_GC_GC_H

#include "base/defs.h"
#include "base/err.h"
#include "data/ini.h"
#include "gc/gc_policy.h"
#include "os/meter.h"
#include "s3/s3.h"
#include "ws/base_dir.h"
#include "ws/record.h"

enum gc_action {
	GC_KEEP,
	GC_TRASH,
	GC_PURGE,
	GC_CLEAN,
	GC_SEND,
	GC_FORGET,
	GC_COMPRESS,
	GC_PRUNE,
	GC_ABORT
};
/* "keep", "trash"…: stable words for --json. */
const char *gc_action_name(enum gc_action a);

/* Why: stable words for --json. */
enum gc_reason {
	GC_REASON_YOUNG,      /* kept: idle for less than --older */
	GC_REASON_WITHIN,     /* kept: the limits hold without taking it */
	GC_REASON_MIN_AGE,    /* kept: idle for less than the minimum age */
	GC_REASON_KEEP_LAST,  /* kept: one of its owner's last */
	GC_REASON_KEEP_TIME,  /* kept: by keep-within */
	GC_REASON_KEEP_RULE,  /* kept: its rule says so, or it has none */
	GC_REASON_LOCKED,     /* kept: someone holds it */
	GC_REASON_BUSY,       /* kept: a process uses it */
	GC_REASON_PINNED,     /* kept: pinned */
	GC_REASON_NO_RECORD,  /* kept: a directory that is not ours */
	GC_REASON_BAD_RECORD, /* kept: its record can't be read */
	GC_REASON_MOUNT,      /* kept: a mount point at or below it, or that can't be told */
	GC_REASON_BASE,       /* kept: it holds a base of workspaces */
	GC_REASON_CLOCK,      /* kept: the clock jumped, or evidence from the future */
	GC_REASON_SPOOLED,    /* kept, or sent: waits to be sent */
	GC_REASON_UNREADABLE, /* kept: its tree can't be read through */
	GC_REASON_NOT_READY, /* kept: setup has not finished; the next setup of this id takes it up */
	GC_REASON_GONE,      /* kept: a record without a directory (saved earlier) */
	GC_REASON_GIT_DIRTY,    /* kept: changed or untracked files in a repository of its */
	GC_REASON_GIT_UNPUSHED, /* kept: commits in it that no remote has */
	GC_REASON_GIT_DETACHED, /* kept: commits in it that no branch has */
	GC_REASON_GIT_SHARED,   /* kept: worktrees elsewhere live on a repository of its */
	GC_REASON_GIT_UNKNOWN,  /* kept: what git knows of it can't be told */
	GC_REASON_TRASH_FRESH,  /* kept: in the trash for less than trash_ttl */
	GC_REASON_TIME,         /* kept: time was up before it was looked at */
	GC_REASON_LIMIT,        /* kept: --max-delete was reached; the longest idle go first */
	GC_REASON_COMPRESS,     /* compressed: idle for --compress-after or longer */
	GC_REASON_IDLE,         /* taken: idle for --older or longer */
	GC_REASON_NOT_KEPT,     /* taken: no keep policy keeps it */
	GC_REASON_COUNT,        /* taken: more than max-count */
	GC_REASON_TOTAL,        /* taken: more than max-total */
	GC_REASON_QUOTA,        /* taken: more than its owner's quota */
	GC_REASON_SPACE,        /* taken, or purged early: min-free */
	GC_REASON_INODES,       /* taken, or purged early: min-free-inodes */
	GC_REASON_TRASH_OLD,    /* taken: in the trash for trash_ttl */
	GC_REASON_HALF_DELETED, /* taken: in the trash, and its deletion has begun already */
	GC_REASON_STAGING,      /* taken: an unfinished setup, older than an hour, not locked */
	GC_REASON_LEFTOVER, /* taken: a temporary file of a writer that was killed, older than an hour */
	GC_REASON_ORPHAN, /* taken: a directory without a record, or a record without one */
	GC_REASON_GIT_ENTRY, /* forgotten: a worktree in a repository's list, and no directory anywhere */
	GC_REASON_GENERATIONS, /* pruned: more generations in the store than remote_keep */
	GC_REASON_UPLOADS,     /* aborted: multipart uploads that nobody ended */
	GC_REASON_OLD_RECORD,  /* forgotten: saved and removed long ago */
};
const char *gc_reason_name(enum gc_reason r);

struct gc_options {
	struct gc_policy policy;
	int64_t trash_ttl_ms; /* default 24 h */
	bool orphans; /* directories without record to the trash, and records without directory away */
	bool force_dirty; /* take also what git says has work that is nowhere else: it is saved like any other */
	const char *
		archive_to; /* URL of a store: archived there instead of being saved to its own; NULL */
	bool remote;        /* look into the stores, too */
	uint64_t remote_keep;  /* generations of shared state */
	int64_t remote_age_ms; /* of uploads that are aborted */
	bool set_records;
	int64_t records_ms; /* forget records of what was saved and removed so long ago */
	bool sizes_too;     /* measure also what can't be taken (reports) */
	bool shared_too;    /* ask which blocks are shared: each file is opened */
	const char *label;  /* whose value is wanted in the items; NULL */
	bool dry_run;
	int64_t end_ms; /* monotonic: what is not looked at or done by then is left; 0: no end */
	unsigned jobs;  /* threads that look; 0: one per core */
	const struct ini *config;
	const struct s3_config *s3;
	void (*notice)(void *ctx, const struct err *e);
	void *notice_ctx;
	enum meter_mode meter; /* of what is saved, archived and sent */
};

struct gc_item {
	char id[BASE_DIR_ID_MAX + 1];
	char name[256]; /* directory name in its place (trash entries differ from the id) */
	enum gc_action action;
	enum gc_reason reason;
	enum gc_action found_action; /* what it was before the policies */
	enum gc_reason found_reason;
	bool at_once;            /* of trash: deleted right away */
	bool exists;             /* a workspace with record and directory */
	bool in_trash;           /* an entry of the trash */
	bool shielded;           /* no policy may take it */
	bool is_worktree;        /* of a repository elsewhere */
	bool is_compressed;      /* no directory, and an archive of it in the base's own store */
	bool has_temp;           /* temporary files lie beside its record */
	bool has_git, git_known; /* repositories in it; gc_git_look was asked */
	bool ephemeral, sensitive;
	unsigned rule;                     /* index; the count when it has none */
	int64_t newest_ms;                 /* newest evidence of use; 0: none */
	int64_t idle_ms;                   /* -1: unknown */
	uint64_t allocated_bytes, entries; /* of the tree; hardlinks once */
	uint64_t shared_bytes;             /* of these, what other files hold, too */
	uint32_t project;                  /* of the file system, when there are quotas; 0: none */
	bool by_kernel;        /* against a quota counts kernel_bytes, else allocated_bytes */
	uint64_t kernel_bytes; /* its part of what the kernel counts for its project */
	bool shared_known;     /* they were asked for, and could be told */
	char profile[64], owner[256], label[128];
	char detail[160]; /* the holder, the mount point… or "" */
};

struct gc_plan {
	struct gc_item *items;
	size_t count, cap;
	bool space_known;
	struct gc_space space;
	struct gc_targets targets;
};

/* One run. Takes the base's gc lock (TRY_AGAIN when another gc runs), held until gc_close. */
struct gc;
int gc_open(const struct base_dir *b, const struct gc_options *o, struct gc **out,
            struct err *e) MUST_CHECK;
void gc_close(struct gc *g);
void gc_close_auto(struct gc **g);
/* Look at everything and decide. Changes nothing. */
int gc_make_plan(struct gc *g, struct gc_plan *plan, struct err *e) MUST_CHECK;
void gc_plan_free(struct gc_plan *p);

struct gc_done {
	size_t trashed, compressed, purged, cleaned, sent, forgotten, pruned;
	size_t left_alone;    /* came alive between the plan and its turn */
	uint64_t freed_bytes; /* of allocated blocks, as they were measured */
	int64_t free_gained_bytes; /* what the file system has more of free than at gc_open; others write to it, too */
};
/* Do what the plan says for one item, and add to *done. The state is looked at again first (lock, record, evidence),
 * and once more after the rename to the trash: what has come alive is left alone or put back, which is no error;
 * notice is told why, and item->action becomes GC_KEEP (so it does when it fails). */
int gc_execute(struct gc *g, struct gc_item *item, struct gc_done *done, struct err *e) MUST_CHECK;
/* After the last item: done->free_gained_bytes; and note what the clock says, for the next run to see whether it jumped,
 * and whether what the plan wanted was in vain. Best effort. */
void gc_note_run(struct gc *g, struct gc_done *done, const struct gc_plan *plan);
/* Until when --min-free and --min-free-inodes have to wait, because the last passes freed nothing; 0: not at all. They are
 * then no part of the plan, but for its targets. */
int64_t gc_waits_until(const struct gc *g);

/* Put the newest entry of the trash that was workspace `id` back in its place. NOT_FOUND, CONFLICT (the place is taken),
 * TRY_AGAIN (locked). */
int gc_undo(const struct base_dir *b, const char *id, struct err *e) MUST_CHECK;

/* What forbids to take a workspace in this condition, in the order in which it is told; GC_REASON_IDLE when nothing
 * does. Pure, for tests. */
struct gc_condition {
	bool locked, has_record, record_ok, has_directory, mounted, readable;
	bool pinned, busy, holds_base, clock_jumped;
	enum record_state state;
	int64_t newest_ms; /* newest evidence of use */
	int64_t now_ms;
};
enum gc_reason gc_obstacle(const struct gc_condition *c);

#endif
