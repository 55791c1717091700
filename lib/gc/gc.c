/* A run of the collector; its words; what forbids to take a workspace. */
#include "gc/gc.h"

#include "base/mem.h"
#include "gc/gc_clock.h"
#include "gc/gc_internal.h"
#include "os/dir.h"
#include "os/log.h"
#include "os/sys.h"
#include "ws/reserve.h"

const char *gc_action_name(enum gc_action a)
{
	static const char *const names[] = {
		[GC_KEEP] = "keep",         [GC_TRASH] = "trash", [GC_PURGE] = "purge",
		[GC_CLEAN] = "clean",       [GC_SEND] = "send",   [GC_FORGET] = "forget",
		[GC_COMPRESS] = "compress", [GC_PRUNE] = "prune", [GC_ABORT] = "abort",
	};
	return names[a];
}

const char *gc_reason_name(enum gc_reason r)
{
	static const char *const names[] = {
		[GC_REASON_YOUNG] = "young",
		[GC_REASON_WITHIN] = "within-limits",
		[GC_REASON_MIN_AGE] = "min-age",
		[GC_REASON_KEEP_LAST] = "keep-last",
		[GC_REASON_KEEP_TIME] = "keep-within",
		[GC_REASON_KEEP_RULE] = "keep-rule",
		[GC_REASON_LOCKED] = "locked",
		[GC_REASON_BUSY] = "busy",
		[GC_REASON_PINNED] = "pinned",
		[GC_REASON_NO_RECORD] = "no-record",
		[GC_REASON_BAD_RECORD] = "bad-record",
		[GC_REASON_MOUNT] = "mount",
		[GC_REASON_BASE] = "holds-base",
		[GC_REASON_CLOCK] = "clock",
		[GC_REASON_SPOOLED] = "spooled",
		[GC_REASON_UNREADABLE] = "unreadable",
		[GC_REASON_NOT_READY] = "not-ready",
		[GC_REASON_GONE] = "gone",
		[GC_REASON_GIT_DIRTY] = "git-dirty",
		[GC_REASON_GIT_UNPUSHED] = "git-unpushed",
		[GC_REASON_GIT_DETACHED] = "git-detached",
		[GC_REASON_GIT_SHARED] = "git-shared",
		[GC_REASON_GIT_UNKNOWN] = "git-unknown",
		[GC_REASON_GIT_ENTRY] = "git-entry",
		[GC_REASON_TRASH_FRESH] = "trash-fresh",
		[GC_REASON_TIME] = "time",
		[GC_REASON_LIMIT] = "limit",
		[GC_REASON_COMPRESS] = "compress-after",
		[GC_REASON_IDLE] = "idle",
		[GC_REASON_NOT_KEPT] = "not-kept",
		[GC_REASON_COUNT] = "max-count",
		[GC_REASON_TOTAL] = "max-total",
		[GC_REASON_QUOTA] = "quota",
		[GC_REASON_SPACE] = "min-free",
		[GC_REASON_INODES] = "min-free-inodes",
		[GC_REASON_TRASH_OLD] = "trash-old",
		[GC_REASON_HALF_DELETED] = "half-deleted",
		[GC_REASON_STAGING] = "staging",
		[GC_REASON_LEFTOVER] = "leftover",
		[GC_REASON_ORPHAN] = "orphan",
		[GC_REASON_GENERATIONS] = "generations",
		[GC_REASON_UPLOADS] = "uploads",
		[GC_REASON_OLD_RECORD] = "old-record",
	};
	return names[r];
}

/* What is so of the tree. */
static enum gc_reason obstacle_in_tree(const struct gc_condition *c)
{
	if (c->mounted)
		return GC_REASON_MOUNT;
	if (!c->readable)
		return GC_REASON_UNREADABLE;
	if (c->holds_base)
		return GC_REASON_BASE;
	return c->busy ? GC_REASON_BUSY : GC_REASON_IDLE;
}

enum gc_reason gc_obstacle(const struct gc_condition *c)
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
	enum gc_reason why = obstacle_in_tree(c);
	if (why != GC_REASON_IDLE)
		return why;
	if (c->clock_jumped || c->newest_ms > c->now_ms + GC_CLOCK_SLACK_MS)
		return GC_REASON_CLOCK;
	if (c->state == RECORD_CREATING)
		return GC_REASON_NOT_READY;
	return c->pinned ? GC_REASON_PINNED : GC_REASON_IDLE;
}

/* 0 when it is not known. */
static int64_t free_bytes(const struct base_dir *b)
{
	struct dir_space space;
	struct err ignored = ERR_INIT;
	return dir_space(b->fd, &space, &ignored) == 0 ? (int64_t)space.free_bytes : 0;
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
	g->free_bytes = free_bytes(b);
	struct err why = ERR_INIT;
	g->mounts_known = mounts_read(&g->mounts, &why) == 0;
	if (!g->mounts_known)
		log_info("%s; mount points are told by their ids instead", why.msg);
	err_clear(&why);
	g->users_known = users_read(b->path, &g->users, &why) == 0;
	if (!g->users_known)
		log_info("%s; processes are told by their locks alone", why.msg);
	else if (g->users.hidden > 0)
		log_info("%zu processes of other users can't be looked into", g->users.hidden);
	g->clock_jumped = gc_clock_read(b, g->clock, &g->backoff);
	*out = g;
	return 0;
}

static bool freed_nothing(const struct gc_done *d)
{
	return d->trashed + d->compressed + d->purged + d->cleaned == 0 && d->freed_bytes == 0;
}

void gc_note_run(struct gc *g, struct gc_done *done, const struct gc_plan *plan)
{
	done->free_gained_bytes = free_bytes(g->base) - g->free_bytes;
	const struct gc_policy *p = &g->options.policy;
	bool is_short = plan->space_known && gc_backoff_is_short(p, &plan->space);
	if (gc_waits_until(g) == 0 && (p->free_bytes.set || p->free_inodes.set))
		gc_backoff_count(&g->backoff, p, is_short && freed_nothing(done), g->now_ms);
	gc_clock_note(g->base, &g->backoff);
	reserve_make(g->base);
}

int64_t gc_waits_until(const struct gc *g)
{
	return gc_backoff_until(&g->backoff, &g->options.policy, g->now_ms);
}

void gc_close(struct gc *g)
{
	if (!g)
		return;
	if (g->mounts_known)
		mounts_free(&g->mounts);
	users_free(&g->users);
	lock_release(&g->lock);
	mem_free(g);
}

void gc_close_auto(struct gc **g)
{
	gc_close(*g);
	*g = NULL;
}
