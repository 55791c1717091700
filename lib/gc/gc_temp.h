/* Temporary files (DIR_TEMP_PREFIX) of writers that were killed: in the base, in its .ws, beside records, and in the embedded
 * store. Never in a workspace, nor in what was one: there the agent may call its files what it likes. */
#ifndef WS_GC_GC_TEMP_H
#define WS_GC_GC_TEMP_H

#include "gc/gc_internal.h"

/* Whether item->name, below the base, is one that nobody has touched for an hour; then what is to be done with it is
 * in *item. item->id: the workspace whose lock its writer held, or "". */
bool gc_temp_look(const struct gc *g, struct gc_item *item);
/* Items for those in .ws and in the store. */
int gc_temp_plan(const struct gc *g, struct gc_plan *plan, struct err *e) MUST_CHECK;
/* Items for those beside the records of workspaces that are in the plan. */
void gc_temp_plan_records(const struct gc *g, struct gc_plan *plan);
int gc_temp_clean(const struct gc *g, struct gc_item *item, struct gc_done *done,
                  struct err *e) MUST_CHECK;

#endif
