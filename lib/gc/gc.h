/*
 * Collection: scan (records, locks, newest evidence in the tree), plan (pure: a reason for everything kept
 * and everything taken), execute exactly the plan.
 *
 * Stages of a workspace that is idle too long: saved to its store as ws-teardown would (law 2), renamed to
 * the trash, deleted when it has been there for trash_ttl. An ephemeral one is not saved.
 */
#ifndef WS_GC_GC_H
#define WS_GC_GC_H

#include "base/defs.h"
#include "base/err.h"
#include "data/ini.h"
#include "s3/s3.h"
#include "ws/base_dir.h"
#include "ws/record.h"

enum gc_action { GC_KEEP, GC_TRASH, GC_PURGE, GC_CLEAN };

/* Why: stable words for --json. */
enum gc_reason {
	GC_REASON_YOUNG,      /* kept: idle for less than --older */
	GC_REASON_LOCKED,     /* kept: someone holds it */
	GC_REASON_NO_RECORD,  /* kept: a directory that is not ours */
	GC_REASON_BAD_RECORD, /* kept: its record can't be read */
	GC_REASON_MOUNT,      /* kept: a mount point at or below it, or that can't be told */
	GC_REASON_CLOCK,      /* kept: evidence from the future: the clock jumped */
	GC_REASON_SPOOLED,    /* kept: waits to be sent */
	GC_REASON_UNREADABLE, /* kept: its tree can't be read through */
	GC_REASON_NOT_READY, /* kept: setup has not finished; the next setup of this id takes it up */
	GC_REASON_GONE,      /* kept: a record without a directory (saved earlier) */
	GC_REASON_TRASH_FRESH,  /* kept: in the trash for less than trash_ttl */
	GC_REASON_LIMIT,        /* kept: --max-delete was reached; the longest idle go first */
	GC_REASON_IDLE,         /* taken: idle for --older or longer */
	GC_REASON_TRASH_OLD,    /* taken: in the trash for trash_ttl */
	GC_REASON_HALF_DELETED, /* taken: in the trash, and its deletion has begun already */
	GC_REASON_STAGING,      /* taken: an unfinished setup, older than an hour, not locked */
};
const char *gc_reason_name(enum gc_reason r);

struct gc_options {
	bool set_older;
	int64_t older_ms;
	int64_t trash_ttl_ms; /* default 24 h */
	uint64_t max_delete;  /* workspaces taken in one run at most; 0: no limit */
	bool dry_run;
	const struct ini *config;
	const struct s3_config *s3;
	void (*notice)(void *ctx, const struct err *e);
	void *notice_ctx;
};

struct gc_item {
	char id[BASE_DIR_ID_MAX + 1];
	char name[256]; /* directory name in its place (trash entries differ from the id) */
	enum gc_action action;
	enum gc_reason reason;
	int64_t idle_ms;                   /* -1: unknown */
	uint64_t allocated_bytes, entries; /* of the tree; hardlinks once */
	char profile[64], owner[256];
	bool ephemeral;
	char detail[160]; /* the holder, the mount point… or "" */
};

struct gc_plan {
	struct gc_item *items;
	size_t count, cap;
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
	size_t trashed, purged, cleaned;
	size_t left_alone; /* came alive between the plan and its turn */
	uint64_t freed_bytes;
};
/* Do what the plan says for one item, and add to *done. The state is looked at again first (lock, record, evidence):
 * what has come alive is left alone, which is no error; notice is told why. */
int gc_execute(struct gc *g, const struct gc_item *item, struct gc_done *done,
               struct err *e) MUST_CHECK;

/* The decision alone, pure, for tests: what to do with a workspace in this condition. */
struct gc_condition {
	bool locked, has_record, record_ok, has_directory, mounted, readable;
	enum record_state state;
	int64_t newest_ms; /* newest evidence of use */
	int64_t now_ms;
};
enum gc_action gc_decide(const struct gc_condition *c, const struct gc_options *o,
                         enum gc_reason *why);

#endif
