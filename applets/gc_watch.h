/* ws-gc --watch: waiting for the next pass, for a disk that gets full, or for a signal. */
#ifndef WS_APPLETS_GC_WATCH_H
#define WS_APPLETS_GC_WATCH_H

#include "gc/gc.h"

struct gc_watch {
	int signal_fd; /* -1: nobody watches */
	const struct base_dir *base;
	const struct gc_policy *policy;
	int64_t every_ms;
};

int gc_watch_open(struct gc_watch *w, const struct base_dir *base, const struct gc_policy *policy,
                  int64_t every_ms, struct err *e) MUST_CHECK;
void gc_watch_close(struct gc_watch *w);
#define GC_WATCH_AUTO AUTO(gc_watch_close) struct gc_watch

/* The signal that says to stop; 0. */
int gc_watch_stopped(const struct gc_watch *w);
/* Until the next pass is due, or less is free than a low mark wants (looked at every few seconds; not right after a pass
 * that left it so, which would end alike). The signal that came; 0. */
int gc_watch_wait(const struct gc_watch *w);

#endif
