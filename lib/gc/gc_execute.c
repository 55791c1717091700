/* Do what the plan says for one item, after looking again. */
#include <string.h>

#include "base/mem.h"
#include "gc/gc_internal.h"
#include "os/dir.h"
#include "os/node.h"
#include "os/remove.h"
#include "ws/journal.h"
#include "ws/teardown.h"

static int lock_workspace(const struct gc *g, const char *id, struct lock *out, struct err *e)
{
	FD_AUTO dir = -1;
	if (record_dir(g->base, id, false, &dir, e))
		return -1;
	return lock_take(dir, "lock", 0, out, e);
}

/* That the collector looked, and went away again, is no use of the workspace. */
static void release_unused(const struct gc *g, const char *id, struct lock *lock, int64_t lock_ms)
{
	FD_AUTO dir = -1;
	struct err ignored = ERR_INIT;
	lock_release(lock);
	if (lock_ms <= 0 || record_dir(g->base, id, false, &dir, &ignored))
		return;
	int result = node_set_mtime_at(dir, "lock", lock_ms / 1000,
	                               (uint32_t)(lock_ms % 1000) * 1000000, &ignored);
	(void)result;
}

static int leave_alone(const struct gc *g, const struct gc_item *item, const char *why,
                       struct gc_done *done)
{
	struct err notice = ERR_INIT;
	done->left_alone++;
	err_set(&notice, ERR_KIND_CONFLICT, "%s: left alone, it has changed since the plan: %s",
	        item->name, why);
	if (g->options.notice)
		g->options.notice(g->options.notice_ctx, &notice);
	return 0;
}

static int save_and_trash(const struct gc *g, const struct gc_item *now, struct lock *lock,
                          struct gc_done *done, struct err *e)
{
	const struct teardown_options how = {
		.discard = now->ephemeral,
		.keep_trash = true,
		.no_spool = true,
		.wake_fd = -1,
		.config = g->options.config,
		.s3 = g->options.s3,
		.notice = g->options.notice,
		.notice_ctx = g->options.notice_ctx,
	};
	struct teardown_result result = { .side_key = NULL };
	int status = teardown_run(g->base, now->id, &how, lock, &result, e);
	done->trashed += result.removed;
	teardown_result_free(&result);
	return status;
}

/* Between plan and execution it may have come alive: with the lock in hand the same questions are asked again. */
static int take_workspace(const struct gc *g, const struct gc_item *item, struct gc_done *done,
                          struct err *e)
{
	LOCK_AUTO lock = LOCK_NONE;
	struct err why = ERR_INIT;
	struct gc_item now;
	int64_t lock_ms = gc_look_lock_ms(g->base, item->id);
	if (lock_workspace(g, item->id, &lock, &why)) {
		if (why.kind == ERR_KIND_TRY_AGAIN || why.kind == ERR_KIND_NOT_FOUND)
			return leave_alone(g, item, why.msg, done);
		*e = why;
		return -1;
	}
	gc_scan(g, item->id, true, lock_ms, &now);
	if (now.action != GC_TRASH) {
		release_unused(g, item->id, &lock, lock_ms);
		return leave_alone(g, item, gc_reason_name(now.reason), done);
	}
	size_t trashed = done->trashed;
	int status = save_and_trash(g, &now, &lock, done, e);
	if (done->trashed == trashed)
		release_unused(g, item->id, &lock, lock_ms);
	return status;
}

/* What was discarded leaves no record behind once it is gone; what was saved keeps it. */
static int forget(const struct gc *g, const struct gc_item *item, struct err *e)
{
	struct err ignored = ERR_INIT;
	LOCK_AUTO lock = LOCK_NONE;
	RECORD_AUTO record = { .labels = NULL };
	if (lock_workspace(g, item->id, &lock, &ignored) ||
	    record_load(g->base, item->id, &record, &ignored))
		return 0;
	size_t len = strlen(record.trash_name);
	if (record.state != RECORD_TRASHED || len == 0 ||
	    strncmp(item->name, record.trash_name, len) != 0)
		return 0;
	return record_remove(g->base, item->id, e);
}

static int purge(const struct gc *g, const struct gc_item *item, struct gc_done *done,
                 struct err *e)
{
	struct remove_stats stats = { .entries = 0 };
	if (base_dir_delete(g->base, "trash", item->name, &stats, e))
		return -1;
	done->purged++;
	done->freed_bytes += stats.allocated_bytes;
	struct js *fields = js_object();
	js_set_text(fields, "name", item->name);
	js_set_int(fields, "freed_bytes", (int64_t)stats.allocated_bytes);
	journal_add(g->base, "purge", item->id, fields);
	return forget(g, item, e);
}

/* A setup that still runs holds its workspace's lock. Without a record directory there is none that could run. */
static int clean(const struct gc *g, const struct gc_item *item, struct gc_done *done,
                 struct err *e)
{
	FD_AUTO area = -1;
	LOCK_AUTO lock = LOCK_NONE;
	struct err why = ERR_INIT;
	struct remove_stats stats = { .entries = 0 };
	if (lock_workspace(g, item->id, &lock, &why) && why.kind != ERR_KIND_NOT_FOUND) {
		if (why.kind == ERR_KIND_TRY_AGAIN)
			return leave_alone(g, item, why.msg, done);
		*e = why;
		return -1;
	}
	if (dir_open(g->base->ws_fd, "staging", &area, e) ||
	    remove_tree(area, item->name, &stats, e))
		return -1;
	done->cleaned++;
	done->freed_bytes += stats.allocated_bytes;
	journal_add(g->base, "clean", item->id, NULL);
	return 0;
}

int gc_execute(struct gc *g, const struct gc_item *item, struct gc_done *done, struct err *e)
{
	int result = 0;
	switch (item->action) {
	case GC_KEEP:
		break;
	case GC_TRASH:
		result = take_workspace(g, item, done, e);
		break;
	case GC_PURGE:
		result = purge(g, item, done, e);
		break;
	case GC_CLEAN:
		result = clean(g, item, done, e);
		break;
	}
	return result ? err_context(e, "%s", item->name) : 0;
}
