/* What the files of lib/gc share. */
#ifndef WS_GC_GC_INTERNAL_H
#define WS_GC_GC_INTERNAL_H

#include "gc/gc.h"
#include "gc/gc_look.h"
#include "os/lock.h"
#include "os/mounts.h"

struct gc {
	const struct base_dir *base;
	struct gc_options options;
	struct lock lock;
	struct mounts mounts;
	bool mounts_known; /* false without /proc: the mount ids of the walk have to do */
	int64_t now_ms;
};

enum {
	GC_CLOCK_SLACK_MS = 5 * 60 * 1000,  /* evidence may lie this far in the future */
	GC_STAGING_AGE_MS = 60 * 60 * 1000, /* an unfinished setup is left alone for an hour */
	GC_AREA_ENTRIES_MAX = 1000000,
};

/* Look at one workspace and decide: fills all of *item. `held`: its lock is ours, and `lock_ms` says when it was
 * written last before. */
void gc_scan(const struct gc *g, const char *id, bool held, int64_t lock_ms, struct gc_item *item);

/* Split "<ms>.<id>.<rand>" of the trash, or "<id>.<rand>" of the staging area. -1 when it is none. */
int gc_name_parse(struct str name, bool with_time, int64_t *ms,
                  char id[BASE_DIR_ID_MAX + 1]) MUST_CHECK;

#endif
