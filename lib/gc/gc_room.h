/* Room for a new workspace, within a time: only what comes free at once (trash, leftovers, the longest idle), nothing when
 * there is enough. */
#ifndef WS_GC_GC_ROOM_H
#define WS_GC_GC_ROOM_H

#include "gc/gc.h"

/* `o` has the marks and end_ms. 1: room was needed, and *done says what came of it; 0: there is enough; -1: TRY_AGAIN when
 * a collector is at work already or time is up, FAILED when not enough could be freed. */
int gc_room_make(const struct base_dir *b, const struct gc_options *o, struct gc_done *done,
                 struct err *e) MUST_CHECK;
/* How much is free where the base is. */
int gc_room_space(const struct base_dir *b, struct gc_space *out, struct err *e) MUST_CHECK;

#endif
