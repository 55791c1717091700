/* Look at the space first: mostly that is all. */
#include "gc/gc_room.h"

#include "gc/gc_backoff.h"
#include "os/dir.h"
#include "os/sys.h"

int gc_room_space(const struct base_dir *b, struct gc_space *out, struct err *e)
{
	struct dir_space space;
	if (dir_space(b->fd, &space, e) != 0)
		return -1;
	*out = (struct gc_space){ space.total_bytes, space.free_bytes, space.total_inodes,
		                  space.free_inodes };
	return 0;
}

static bool frees_at_once(const struct gc_item *item)
{
	return item->action == GC_PURGE || item->action == GC_CLEAN ||
	       (item->action == GC_TRASH && item->at_once);
}

static int execute(struct gc *g, struct gc_plan *plan, int64_t end_ms, struct gc_done *done,
                   struct err *e)
{
	for (size_t i = 0; i < plan->count; i++) {
		struct err why = ERR_INIT;
		if (!frees_at_once(&plan->items[i]))
			continue;
		if (sys_monotonic_ms() >= end_ms)
			return err_set(e, ERR_KIND_TRY_AGAIN, "time is up");
		if (gc_execute(g, &plan->items[i], done, &why) != 0 && !err_is(e))
			*e = why;
	}
	return err_is(e) ? -1 : 0;
}

int gc_room_make(const struct base_dir *b, const struct gc_options *o, struct gc_done *done,
                 struct err *e)
{
	struct gc_space space;
	AUTO(gc_close_auto) struct gc *g = NULL;
	AUTO(gc_plan_free) struct gc_plan plan = { .items = NULL };
	*done = (struct gc_done){ .trashed = 0 };
	if (gc_room_space(b, &space, e) != 0)
		return -1;
	if (!gc_backoff_is_short(&o->policy, &space))
		return 0;
	if (gc_open(b, o, &g, e) != 0 || gc_make_plan(g, &plan, e) != 0 ||
	    execute(g, &plan, o->end_ms, done, e) != 0)
		return -1;
	gc_note_run(g, done, &plan);
	if (gc_room_space(b, &space, e) != 0)
		return -1;
	if (gc_backoff_is_short(&o->policy, &space))
		return err_set(e, ERR_KIND_FAILED, "%llu bytes were freed, which is not enough",
		               (unsigned long long)done->freed_bytes);
	return 1;
}
