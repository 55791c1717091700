/* What the files of lib/gc share. */
#ifndef WS_GC_GC_INTERNAL_H
#define WS_GC_GC_INTERNAL_H

#include "gc/gc.h"
#include "gc/gc_clock.h"
#include "gc/gc_look.h"
#include "gc/gc_name.h"
#include "os/lock.h"
#include "os/mounts.h"
#include "os/users.h"

struct gc {
	const struct base_dir *base;
	struct gc_options options;
	struct lock lock;
	struct mounts mounts;
	bool mounts_known; /* false without /proc: the mount ids of the walk have to do */
	struct users users;
	bool users_known; /* false without /proc */
	bool clock_jumped;
	char clock[GC_CLOCK_TEXT_MAX];
	struct gc_backoff backoff;
	int64_t now_ms;
	int64_t free_bytes; /* of the file system, when it was opened */
};

enum {
	GC_CLOCK_SLACK_MS = 5 * 60 * 1000, /* evidence may lie this far in the future */
	GC_STAGING_AGE_MS =
		60 * 60 * 1000, /* an unfinished setup, or an orphan, is left alone for an hour */
	GC_AREA_ENTRIES_MAX = 1000000,
};

/* Look at one workspace: fills all of *item, which is kept, with GC_REASON_IDLE when nothing forbids to take it.
 * `held`: its lock is ours, and `lock_ms` says when it was written last before. `tree` (may be NULL) gets what the tree
 * holds. */
void gc_scan(const struct gc *g, const char *id, bool held, int64_t lock_ms, struct gc_item *item,
             struct gc_tree *tree);
/* The same for what has no record: GC_REASON_ORPHAN when nothing but that forbids to take it. */
void gc_scan_orphan(const struct gc *g, const char *name, bool held, struct gc_item *item);

/* A further item of the plan, zero. */
struct gc_item *gc_plan_add(struct gc_plan *p);

/* What a record without a directory is: of no interest (it is in the spool or in the trash, or archived, or can't be
 * told), of a workspace that was lost, or of one that was saved. */
enum { GC_FORGET_NOT, GC_FORGET_LOST, GC_FORGET_SAVED };
int gc_forget_kind(const struct gc *g, const char *id);

/* Rename the entry `name` of the trash back to <base>/<id>, whose lock is held, and make its record ready. */
int gc_undo_rename(const struct base_dir *b, const char *id, const char *name, const char *event,
                   struct err *e) MUST_CHECK;

#endif
