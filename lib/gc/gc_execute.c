/* Do what the plan says for one item, after looking again. */
#include <string.h>

#include "base/mem.h"
#include "gc/gc_archive.h"
#include "gc/gc_git.h"
#include "gc/gc_internal.h"
#include "gc/gc_remote.h"
#include "gc/gc_take.h"
#include "gc/gc_temp.h"
#include "os/dir.h"
#include "os/remove.h"
#include "ws/journal.h"
#include "ws/reserve.h"
#include "ws/teardown.h"

/* What was discarded leaves no record behind once it is gone; what was saved keeps it. */
static int forget(const struct gc *g, const struct gc_item *item, struct err *e)
{
	struct err ignored = ERR_INIT;
	LOCK_AUTO lock = LOCK_NONE;
	RECORD_AUTO record = { .labels = NULL };
	if (gc_take_lock(g, item->id, &lock, &ignored) ||
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
	if (gc_take_delete(g, item->id, item->name, done, e))
		return -1;
	done->purged++;
	return forget(g, item, e);
}

/* A setup that still runs holds its workspace's lock. Without a record directory there is none that could run. */
static int clean(const struct gc *g, struct gc_item *item, struct gc_done *done, struct err *e)
{
	FD_AUTO area = -1;
	LOCK_AUTO lock = LOCK_NONE;
	struct err why = ERR_INIT;
	struct remove_stats stats = { .entries = 0 };
	if (gc_take_lock(g, item->id, &lock, &why) && why.kind != ERR_KIND_NOT_FOUND) {
		if (why.kind == ERR_KIND_TRY_AGAIN)
			return gc_take_leave(g, item, why.msg, done);
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

static int send_spooled(const struct gc *g, const struct gc_item *item, struct gc_done *done,
                        struct err *e)
{
	struct progress progress = { .label = "save" };
	const struct teardown_options how = {
		.wake_fd = -1,
		.config = g->options.config,
		.s3 = g->options.s3,
		.progress = &progress,
		.notice = g->options.notice,
		.notice_ctx = g->options.notice_ctx,
	};
	struct teardown_result result = { .side_key = NULL };
	struct meter *meter = meter_start(&progress, g->options.meter);
	int status = teardown_run(g->base, item->id, &how, NULL, &result, e);
	meter_stop(meter);
	done->sent += result.removed && !result.spooled;
	teardown_result_free(&result);
	return status;
}

static bool is_in(const struct gc *g, const char *area, const char *name)
{
	struct err ignored = ERR_INIT;
	MEM_AUTO char *path = mem_printf("%s/%s", area, name);
	return dir_exists(g->base->ws_fd, path, &ignored) != 0;
}

int gc_forget_kind(const struct gc *g, const char *id)
{
	struct err ignored = ERR_INIT;
	RECORD_AUTO record = { .labels = NULL };
	if (record_load(g->base, id, &record, &ignored) != 0 || is_in(g, "spool", id) ||
	    dir_exists(g->base->fd, id, &ignored) != 0)
		return GC_FORGET_NOT;
	if (record.trash_name[0] && is_in(g, "trash", record.trash_name))
		return GC_FORGET_NOT;
	if (record.state == RECORD_SAVED || record.state == RECORD_TRASHED)
		return GC_FORGET_SAVED;
	return record.state == RECORD_SPOOLED ? GC_FORGET_NOT : GC_FORGET_LOST;
}

static int forget_record(const struct gc *g, struct gc_item *item, struct gc_done *done,
                         struct err *e)
{
	LOCK_AUTO lock = LOCK_NONE;
	struct err why = ERR_INIT;
	int kind = item->reason == GC_REASON_ORPHAN ? GC_FORGET_LOST : GC_FORGET_SAVED;
	if (gc_take_lock(g, item->id, &lock, &why) != 0)
		return gc_take_leave(g, item, why.msg, done);
	if (gc_forget_kind(g, item->id) != kind)
		return gc_take_leave(g, item, "it is there again", done);
	if (record_remove(g->base, item->id, e) != 0)
		return -1;
	done->forgotten++;
	journal_add(g->base, "forget", item->id, NULL);
	return 0;
}

static int execute(struct gc *g, struct gc_item *item, struct gc_done *done, struct err *e)
{
	const struct gc_archive_place there = { g->options.archive_to, "" };
	const struct gc_archive_place *archive = there.url ? &there : NULL;
	switch (item->action) {
	case GC_KEEP:
		if (item->reason == GC_REASON_BUSY)
			gc_take_end_frozen(g, item);
		break;
	case GC_TRASH:
		return item->reason == GC_REASON_ORPHAN
		               ? gc_take_orphan(g, item, done, e)
		               : gc_take_workspace(g, item, archive, done, e);
	case GC_COMPRESS:
		return gc_archive_compress(g, item, done, e);
	case GC_PURGE:
		return purge(g, item, done, e);
	case GC_CLEAN:
		return item->reason == GC_REASON_LEFTOVER ? gc_temp_clean(g, item, done, e)
		                                          : clean(g, item, done, e);
	case GC_SEND:
		return item->is_compressed ? gc_archive_send(g, item, done, e)
		                           : send_spooled(g, item, done, e);
	case GC_PRUNE:
	case GC_ABORT:
		return gc_remote_execute(g, item, done, e);
	case GC_FORGET:
		return item->reason == GC_REASON_GIT_ENTRY ? gc_git_entries_forget(g, item, done, e)
		                                           : forget_record(g, item, done, e);
	}
	return 0;
}

int gc_execute(struct gc *g, struct gc_item *item, struct gc_done *done, struct err *e)
{
	if (item->action != GC_KEEP)
		reserve_release(g->base);
	if (execute(g, item, done, e) == 0)
		return 0;
	item->action = GC_KEEP;
	return err_context(e, "%s", item->name);
}
