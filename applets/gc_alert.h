/* What a run of ws-gc leaves for machines: metrics, and a command when something is wrong. */
#ifndef WS_APPLETS_GC_ALERT_H
#define WS_APPLETS_GC_ALERT_H

#include "applets/applet.h"
#include "gc/gc.h"

struct gc_outcome {
	struct gc_done done;
	uint64_t taken, failed; /* items of the plan that were not only kept */
	size_t missed;          /* targets */
};

/* Write the file of --metrics, which goes wrong into `e` when nothing else did; run the command of --notify when `e`
 * says what is wrong. */
void gc_alert(const struct applet_call *call, const struct gc_outcome *out,
              const struct gc_plan *plan, struct err *e);

#endif
