/* How ws-gc shows its plan and what came of it. */
#ifndef WS_APPLETS_GC_SHOW_H
#define WS_APPLETS_GC_SHOW_H

#include "applets/applet.h"
#include "gc/gc.h"

/* A line for each item: what is done with it and why; with `explain` also which rule said so. */
void gc_show_plan(const struct applet_call *call, const struct gc_plan *plan,
                  const struct gc_policy *policy, bool explain);
/* Of the allocated bytes, those in blocks that another file holds, too; null when that is not known. */
void gc_show_set_shared(struct js *line, bool known, uint64_t bytes);
/* What was done. */
void gc_show_total(const struct applet_call *call, const struct gc_done *done, uint64_t failed);
/* "max-total: 5 GiB wanted, 2 GiB freed": one target that was missed, or a quota that is nearly full. Returns the
 * number that were missed; the first one's text is appended to `first` when that is still empty. With --json each
 * target is a line of its own. */
size_t gc_show_targets(const struct applet_call *call, const struct gc_targets *targets,
                       struct buf *first);

#endif
