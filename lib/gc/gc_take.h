/* A workspace into the trash: look again, save, rename, look once more. Between gc_execute.c and gc_take.c. */
#ifndef WS_GC_GC_TAKE_H
#define WS_GC_GC_TAKE_H

#include "gc/gc_internal.h"

/* The lock of a workspace, without waiting. NOT_FOUND when it has no record directory. */
int gc_take_lock(const struct gc *g, const char *id, struct lock *out, struct err *e) MUST_CHECK;
/* That the collector looked, and went away again, is no use of the workspace: `lock_ms` is when its lock was written last
 * before. */
void gc_take_release_unused(const struct gc *g, const char *id, struct lock *lock, int64_t lock_ms);
/* It is not as it was planned: say so; the item is kept. Returns 0. */
int gc_take_leave(const struct gc *g, struct gc_item *item, const char *why, struct gc_done *done);
/* Delete an entry of the trash. */
int gc_take_delete(const struct gc *g, const char *id, const char *name, struct gc_done *done,
                   struct err *e) MUST_CHECK;

/* `archive`: archived there instead of being saved to its store, unless it is ephemeral or sensitive; NULL. */
struct gc_archive_place;
int gc_take_workspace(struct gc *g, struct gc_item *item, const struct gc_archive_place *archive,
                      struct gc_done *done, struct err *e) MUST_CHECK;
/* Of what is kept because processes use it: end those that a supervisor left frozen that was killed. */
void gc_take_end_frozen(struct gc *g, const struct gc_item *item);
/* A directory without a record. */
int gc_take_orphan(struct gc *g, struct gc_item *item, struct gc_done *done,
                   struct err *e) MUST_CHECK;

#endif
