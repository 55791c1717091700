/* After passes for --min-free that freed nothing the next one waits, longer each time, also from one cron run to the
 * next: what could not be taken a moment ago is not looked for again and again. Kept in <base>/.ws/gc.json. */
#ifndef WS_GC_GC_BACKOFF_H
#define WS_GC_GC_BACKOFF_H

#include "data/js.h"
#include "gc/gc_policy.h"

enum { GC_BACKOFF_FIRST_MS = 5 * 60 * 1000, GC_BACKOFF_MAX_MS = 6 * 3600 * 1000 };

struct gc_backoff {
	char marks[128]; /* of which policy; "": there were none */
	int64_t passes;  /* that freed nothing, one after the other */
	int64_t last_ms; /* when the last one was */
};

/* From and to the note of a run. */
void gc_backoff_get(const struct js *note, struct gc_backoff *out);
void gc_backoff_put(const struct gc_backoff *b, struct js *note);

/* Until when the marks of this policy have to wait; 0: not at all. */
int64_t gc_backoff_until(const struct gc_backoff *b, const struct gc_policy *p, int64_t now_ms);
/* A pass for these marks is over: `missed` one of them, and freed nothing at all. */
void gc_backoff_count(struct gc_backoff *b, const struct gc_policy *p, bool in_vain,
                      int64_t now_ms);
/* Whether less is free than a low mark wants. */
bool gc_backoff_is_short(const struct gc_policy *p, const struct gc_space *space);

#endif
