/*
 * What is true of one workspace: its record, its lock, its directory, its tree. Changes nothing. ws-gc decides by it,
 * ws-ls shows it.
 */
#ifndef WS_GC_GC_LOOK_H
#define WS_GC_GC_LOOK_H

#include "base/defs.h"
#include "gc/gc_brief.h"
#include "gc/gc_tree.h"
#include "os/lock.h"
#include "os/mounts.h"
#include "os/users.h"
#include "ws/base_dir.h"
#include "ws/pin.h"

struct gc_look_how {
	const struct mounts *mounts; /* NULL: not known; then the mount ids have to do */
	const struct users *users;   /* of the base; NULL: not known */
	int64_t now_ms;
	bool held;         /* its lock is ours */
	int64_t lock_ms;   /* with held: when the lock file was written last before we took it */
	bool temp_too;     /* look for temporary files beside the record */
	bool busy_too;     /* walk its tree also while someone is at work in it */
	bool whole_record; /* fill look.record, too */
};

struct gc_look {
	struct gc_brief brief; /* zero when there is none */
	struct record *
		record; /* when the whole was asked for; empty labels and the id alone when there is none */
	bool has_record, record_ok;
	bool has_temp; /* when asked for */
	bool locked;
	char holder[LOCK_HOLDER_MAX]; /* when locked */
	bool has_directory, is_directory;
	bool pinned; /* by a pin that has not ended, or that can't be read, or by a lock of somebody else in git */
	struct pin pin;
	bool busy;       /* a process uses it */
	bool mounted;    /* a mount point at or below it */
	bool tree_known; /* walked through without a failure */
	struct gc_tree tree;
	int64_t newest_ms; /* newest evidence of use: record, lock, tree; 0: none */
	char trouble[160]; /* what is wrong with it, or what is mounted; "" */
};

/* Look at the workspace `id`. Never fails: what could not be told is in *out. Free with gc_look_free. */
void gc_look_at(const struct base_dir *b, const char *id, const struct gc_look_how *how,
                struct gc_look *out);
void gc_look_free(struct gc_look *l);
#define GC_LOOK_AUTO AUTO(gc_look_free) struct gc_look

/* Whether the lock of `id` is held, and by whom or what is wrong with it (`detail`); one that can't be asked about counts as
 * held. */
bool gc_look_locked(const struct base_dir *b, const char *id, char detail[160]);
/* When the lock file of `id` was written last; 0 when there is none. */
int64_t gc_look_lock_ms(const struct base_dir *b, const char *id);

#endif
