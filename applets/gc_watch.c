/* The time between two passes. */
#include "applets/gc_watch.h"

#include "gc/gc_backoff.h"
#include "gc/gc_room.h"
#include "os/file.h"
#include "os/log.h"
#include "os/signals.h"
#include "os/sys.h"

enum { LOOK_MS = 2000, EVERY_MIN_MS = 10, SIGNAL_TERM = 15 };

int gc_watch_open(struct gc_watch *w, const struct base_dir *base, const struct gc_policy *policy,
                  int64_t every_ms, struct err *e)
{
	*w = (struct gc_watch){ .signal_fd = -1, .base = base, .policy = policy };
	w->every_ms = every_ms > EVERY_MIN_MS ? every_ms : EVERY_MIN_MS;
	return signals_open_stop(&w->signal_fd, e);
}

void gc_watch_close(struct gc_watch *w)
{
	file_close_auto(&w->signal_fd);
}

/* What can't be told any more is a reason to stop, too. */
int gc_watch_stopped(const struct gc_watch *w)
{
	struct err why = ERR_INIT;
	int number = w->signal_fd < 0 ? 0 : signals_next(w->signal_fd, &why);
	if (number < 0)
		log_err(&why);
	return number < 0 ? SIGNAL_TERM : number;
}

static bool is_short(const struct gc_watch *w)
{
	struct gc_space space;
	struct err ignored = ERR_INIT;
	return gc_room_space(w->base, &space, &ignored) == 0 &&
	       gc_backoff_is_short(w->policy, &space);
}

int gc_watch_wait(const struct gc_watch *w)
{
	int64_t end_ms = sys_monotonic_ms() + w->every_ms;
	bool was_short = is_short(w);
	for (;;) {
		struct err why = ERR_INIT;
		int64_t now_ms = sys_monotonic_ms();
		int64_t next_ms = now_ms + LOOK_MS < end_ms ? now_ms + LOOK_MS : end_ms;
		if (signals_wait(w->signal_fd, next_ms, &why) != 0)
			return gc_watch_stopped(w);
		bool short_now = is_short(w);
		if (sys_monotonic_ms() >= end_ms || (short_now && !was_short))
			return 0;
		was_short = short_now;
	}
}
