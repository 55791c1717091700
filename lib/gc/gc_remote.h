/* What the stores of a base's workspaces hold too long: generations of shared state, and multipart uploads that nobody
 * ended. Asked for with --remote, because it takes requests. */
#ifndef WS_GC_GC_REMOTE_H
#define WS_GC_GC_REMOTE_H

#include "gc/gc_internal.h"

/* An item for each shared part with more than options.remote_keep generations, and one for the uploads that were
 * begun options.remote_age_ms ago below the first name of the parts' keys in each store ("tasks/"): name is the store's
 * URL, detail the part's key or that name, entries how many. A store that can't be
 * asked is told, and has none. */
int gc_remote_plan(const struct gc *g, struct gc_plan *plan, struct err *e) MUST_CHECK;
int gc_remote_execute(const struct gc *g, const struct gc_item *item, struct gc_done *done,
                      struct err *e) MUST_CHECK;

#endif
