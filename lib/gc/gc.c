/* A run of the collector, and its decision, which is pure. */
#include "gc/gc.h"

#include "base/mem.h"
#include "gc/gc_internal.h"
#include "os/log.h"
#include "os/sys.h"

const char *gc_reason_name(enum gc_reason r)
{
	static const char *const names[] = {
		[GC_REASON_YOUNG] = "young",
		[GC_REASON_LOCKED] = "locked",
		[GC_REASON_NO_RECORD] = "no-record",
		[GC_REASON_BAD_RECORD] = "bad-record",
		[GC_REASON_MOUNT] = "mount",
		[GC_REASON_CLOCK] = "clock",
		[GC_REASON_SPOOLED] = "spooled",
		[GC_REASON_UNREADABLE] = "unreadable",
		[GC_REASON_NOT_READY] = "not-ready",
		[GC_REASON_GONE] = "gone",
		[GC_REASON_TRASH_FRESH] = "trash-fresh",
		[GC_REASON_LIMIT] = "limit",
		[GC_REASON_IDLE] = "idle",
		[GC_REASON_TRASH_OLD] = "trash-old",
		[GC_REASON_HALF_DELETED] = "half-deleted",
		[GC_REASON_STAGING] = "staging",
	};
	return names[r];
}

/* Everything that forbids, in the order in which it is told; GC_REASON_IDLE when nothing does. */
static enum gc_reason obstacle(const struct gc_condition *c)
{
	if (!c->has_record)
		return GC_REASON_NO_RECORD;
	if (!c->record_ok)
		return GC_REASON_BAD_RECORD;
	if (c->state == RECORD_SPOOLED)
		return GC_REASON_SPOOLED;
	if (c->locked)
		return GC_REASON_LOCKED;
	if (!c->has_directory)
		return GC_REASON_GONE;
	if (c->mounted)
		return GC_REASON_MOUNT;
	if (!c->readable)
		return GC_REASON_UNREADABLE;
	if (c->newest_ms > c->now_ms + GC_CLOCK_SLACK_MS)
		return GC_REASON_CLOCK;
	if (c->state == RECORD_CREATING)
		return GC_REASON_NOT_READY;
	return GC_REASON_IDLE;
}

enum gc_action gc_decide(const struct gc_condition *c, const struct gc_options *o,
                         enum gc_reason *why)
{
	*why = obstacle(c);
	if (*why != GC_REASON_IDLE)
		return GC_KEEP;
	if (o->set_older && c->now_ms - c->newest_ms >= o->older_ms)
		return GC_TRASH;
	*why = GC_REASON_YOUNG;
	return GC_KEEP;
}

int gc_open(const struct base_dir *b, const struct gc_options *o, struct gc **out, struct err *e)
{
	struct lock lock = LOCK_NONE;
	if (lock_take(b->ws_fd, "gc.lock", 0, &lock, e))
		return err_context(e,
		                   e->kind == ERR_KIND_TRY_AGAIN
		                           ? "another collector is at work in %s"
		                           : "collect in %s",
		                   b->path);
	struct gc *g = mem_new(1, sizeof(*g));
	g->base = b;
	g->options = *o;
	g->lock = lock;
	g->now_ms = sys_now_ms();
	struct err why = ERR_INIT;
	g->mounts_known = mounts_read(&g->mounts, &why) == 0;
	if (!g->mounts_known)
		log_info("%s; mount points are told by their ids instead", why.msg);
	*out = g;
	return 0;
}

void gc_close(struct gc *g)
{
	if (!g)
		return;
	if (g->mounts_known)
		mounts_free(&g->mounts);
	lock_release(&g->lock);
	mem_free(g);
}

void gc_close_auto(struct gc **g)
{
	gc_close(*g);
	*g = NULL;
}
