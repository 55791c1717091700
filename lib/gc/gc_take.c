/* Between the plan and its turn a workspace may have come alive: with its lock in hand the same questions are asked
 * again, and those that no lock answers (processes, changes in the tree) once more after the rename. */
#include "gc/gc_take.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "gc/gc_archive.h"
#include "gc/gc_git.h"
#include "os/dir.h"
#include "os/node.h"
#include "os/remove_idle.h"
#include "os/sys.h"
#include "ws/holder.h"
#include "ws/journal.h"
#include "ws/teardown.h"

int gc_take_lock(const struct gc *g, const char *id, struct lock *out, struct err *e)
{
	FD_AUTO dir = -1;
	if (record_dir(g->base, id, false, &dir, e))
		return -1;
	return lock_take(dir, "lock", 0, out, e);
}

void gc_take_release_unused(const struct gc *g, const char *id, struct lock *lock, int64_t lock_ms)
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

int gc_take_leave(const struct gc *g, struct gc_item *item, const char *why, struct gc_done *done)
{
	struct err notice = ERR_INIT;
	done->left_alone++;
	item->action = GC_KEEP;
	err_set(&notice, ERR_KIND_CONFLICT, "%s: left alone, it has changed since the plan: %s",
	        item->name, why);
	if (g->options.notice)
		g->options.notice(g->options.notice_ctx, &notice);
	return 0;
}

int gc_take_delete(const struct gc *g, const char *id, const char *name, struct gc_done *done,
                   struct err *e)
{
	FD_AUTO trash = -1;
	char gone[256];
	struct remove_stats stats = { .end_ms = g->options.end_ms };
	if (base_dir_give_up(g->base, "trash", name, gone, &trash, e) != 0)
		return -1;
	int status = remove_idle_tree(trash, gone, &stats, e);
	done->freed_bytes += stats.allocated_bytes;
	if (status != 0)
		return -1;
	struct js *fields = js_object();
	js_set_text(fields, "name", name);
	js_set_int(fields, "freed_bytes", (int64_t)stats.allocated_bytes);
	journal_add(g->base, "purge", id, fields);
	return 0;
}

/* What is to be done with one workspace. */
struct job {
	struct gc *g;
	struct gc_item *item; /* of the plan */
	const struct gc_archive_place *archive;
	struct lock *lock;
	int64_t lock_ms;
	struct gc_done *done;
};

/* Saved as ws-teardown saves it, and renamed to the trash. */
static int save_and_trash(const struct job *j, const struct gc_item *now,
                          struct teardown_result *result, struct err *e)
{
	const struct gc_options *o = &j->g->options;
	int64_t left_ms = o->end_ms - sys_monotonic_ms();
	struct progress progress = { .label = "save" };
	const struct teardown_options how = {
		.deadline_ms = o->end_ms == 0 ? 0
		               : left_ms > 1  ? left_ms
		                              : 1,
		.discard = now->ephemeral || now->sensitive,
		.keep_trash = true,
		.may_come_back = true,
		.no_spool = true,
		.wake_fd = -1,
		.config = o->config,
		.s3 = o->s3,
		.progress = &progress,
		.meter = o->meter,
		.notice = o->notice,
		.notice_ctx = o->notice_ctx,
	};
	/* With a deadline the save runs in a child of its own, which draws. */
	struct meter *meter = o->end_ms ? NULL : meter_start(&progress, o->meter);
	int status = teardown_run(j->g->base, now->id, &how, j->lock, result, e);
	meter_stop(meter);
	return status;
}

static bool is_gone(int dirfd, const char *path)
{
	struct err ignored = ERR_INIT;
	return dir_exists(dirfd, path, &ignored) == 0;
}

/* An archive that is the workspace's stub needs no other save. */
static int put_away(const struct job *j, const struct gc_item *now, struct teardown_result *result,
                    struct err *e)
{
	const struct base_dir *b = j->g->base;
	struct gc_archive_made made = { .key = "" };
	if (gc_archive_is_due(now, j->archive) &&
	    gc_archive_save(j->g, now->id, j->archive, &made, e) != 0)
		return -1;
	if (!made.is_stub) {
		int status = save_and_trash(j, now, result, e);
		if (!result->removed && made.key[0] && !is_gone(b->fd, now->id))
			gc_archive_drop(j->g, j->archive, &made);
		return status;
	}
	if (base_dir_set_aside(b, b->fd, now->id, "trash", now->id, result->trash_name, e) != 0)
		return err_context(e, "%s is archived, but not removed", now->id);
	result->removed = true;
	struct js *fields = js_object();
	js_set_text(fields, "name", result->trash_name);
	journal_add(b, "trash", now->id, fields);
	return 0;
}

/* What says that the directory in the trash is in use: a process, a mount, or a change of its tree since `before` was
 * looked at. NULL: nothing. What can't be told counts as use. */
static const char *sign_of_life(const struct gc *g, const char *name, const struct gc_tree *before,
                                char text[160])
{
	FD_AUTO trash = -1;
	USERS_AUTO users = { .list = NULL };
	struct gc_tree now;
	struct err why = ERR_INIT;
	MEM_AUTO char *area = mem_printf("%s/.ws/trash", g->base->path);
	MEM_AUTO char *path = mem_printf("%s/%s", area, name);
	if (g->users_known && users_read(area, &users, &why) != 0)
		return "its processes can't be told any more";
	const struct users_user *user = users_of(&users, path);
	if (user) {
		snprintf(text, 160, "%s of pid %d", user->how, (int)user->pid);
		return text;
	}
	if (base_dir_area(g->base, "trash", &trash, &why) != 0 ||
	    gc_tree_look(trash, name, g->now_ms, &now, &why) != 0) {
		snprintf(text, 160, "%.150s", why.msg);
		return text;
	}
	if (now.has_mount)
		return "something was mounted in it";
	bool same = now.inside_ms == before->inside_ms && now.entries == before->entries;
	return same ? NULL : "its files were changed while it was saved";
}

static const char gone[] = "its directory is gone";

/* It is in the trash now, under `name` ("": there was nothing left to move): put it back if it lives, delete it if it may
 * not stay. */
static int settle(const struct gc *g, struct gc_item *item, const char *name,
                  const struct gc_tree *before, struct gc_done *done, struct err *e)
{
	char text[160];
	MEM_AUTO char *path = mem_printf("trash/%s", name);
	if (!name[0] || is_gone(g->base->ws_fd, path))
		return gc_take_leave(g, item, gone, done);
	const char *life = sign_of_life(g, name, before, text);
	if (life) {
		if (gc_undo_rename(g->base, item->id, name, "rollback", e) != 0)
			return -1;
		return gc_take_leave(g, item, life, done);
	}
	done->trashed++;
	gc_git_forget(g, item->id);
	if (!item->at_once && !item->sensitive)
		return 0;
	if (gc_take_delete(g, item->id, name, done, e) != 0)
		return -1;
	done->purged++;
	return item->sensitive ? record_remove(g->base, item->id, e) : 0;
}

/* With its lock in hand: what is true of it now, and why it stays; NULL when it may be taken. */
static const char *look_again(const struct job *j, struct gc_item *now, struct gc_tree *tree)
{
	gc_scan(j->g, j->item->id, true, j->lock_ms, now, tree);
	if (now->reason == GC_REASON_IDLE && now->has_git)
		now->reason = gc_git_look(j->g, now, gc_archive_is_due(now, j->archive));
	if (now->reason != GC_REASON_IDLE)
		return gc_reason_name(now->reason);
	return now->newest_ms > j->item->newest_ms ? "it was used" : NULL;
}

static int take_locked(const struct job *j, struct err *e)
{
	struct gc_item now;
	struct gc_tree before;
	const char *why_not = look_again(j, &now, &before);
	if (why_not)
		return gc_take_leave(j->g, j->item, why_not, j->done);
	struct teardown_result result = { .side_key = NULL };
	int status = put_away(j, &now, &result, e);
	char name[256];
	memcpy(name, result.trash_name, sizeof(name));
	bool removed = result.removed;
	teardown_result_free(&result);
	if (!removed && status != 0 && is_gone(j->g->base->fd, now.name)) {
		err_clear(e);
		return gc_take_leave(j->g, j->item, gone, j->done);
	}
	if (!removed)
		return status;
	/* A conflict is an error, and yet it is saved beside and removed. */
	struct err why = ERR_INIT;
	if (settle(j->g, j->item, name, &before, j->done, status ? &why : e) != 0)
		return -1;
	return status;
}

int gc_take_workspace(struct gc *g, struct gc_item *item, const struct gc_archive_place *archive,
                      struct gc_done *done, struct err *e)
{
	LOCK_AUTO lock = LOCK_NONE;
	struct err why = ERR_INIT;
	const struct job j = {
		.g = g,
		.item = item,
		.archive = archive,
		.lock = &lock,
		.lock_ms = gc_look_lock_ms(g->base, item->id),
		.done = done,
	};
	if (gc_take_lock(g, item->id, &lock, &why)) {
		if (why.kind == ERR_KIND_TRY_AGAIN || why.kind == ERR_KIND_NOT_FOUND)
			return gc_take_leave(g, item, why.msg, done);
		*e = why;
		return -1;
	}
	size_t trashed = done->trashed;
	int status = take_locked(&j, e);
	if (done->trashed == trashed)
		gc_take_release_unused(g, item->id, &lock, j.lock_ms);
	return status;
}

/* Whoever holds it has its command for himself. */
void gc_take_end_frozen(struct gc *g, const struct gc_item *item)
{
	LOCK_AUTO lock = LOCK_NONE;
	RECORD_AUTO r = { .labels = NULL };
	struct err ignored = ERR_INIT;
	int64_t lock_ms = gc_look_lock_ms(g->base, item->id);
	if (gc_take_lock(g, item->id, &lock, &ignored) != 0)
		return;
	if (record_load(g->base, item->id, &r, &ignored) == 0)
		holder_end_left(&r, true);
	gc_take_release_unused(g, item->id, &lock, lock_ms);
}

static int trash_orphan(struct gc *g, struct gc_item *item, struct gc_done *done, struct err *e)
{
	struct gc_item now;
	struct gc_tree before;
	char name[256];
	gc_scan_orphan(g, item->id, true, &now);
	if (now.reason == GC_REASON_ORPHAN && now.has_git) {
		enum gc_reason git = gc_git_look(g, &now, false);
		now.reason = git == GC_REASON_IDLE ? now.reason : git;
	}
	if (now.reason != GC_REASON_ORPHAN)
		return gc_take_leave(g, item, gc_reason_name(now.reason), done);
	if (now.newest_ms > item->newest_ms)
		return gc_take_leave(g, item, "it was used", done);
	if (gc_tree_look(g->base->fd, item->id, g->now_ms, &before, e) != 0 ||
	    base_dir_set_aside(g->base, g->base->fd, item->id, "trash", item->id, name, e) != 0)
		return -1;
	struct js *fields = js_object();
	js_set_text(fields, "name", name);
	journal_add(g->base, "orphan", item->id, fields);
	return settle(g, item, name, &before, done, e);
}

/* The record's directory is made for its lock alone: a setup of the same id waits there. One that was there first has
 * left a record, and then it is no orphan any more. */
int gc_take_orphan(struct gc *g, struct gc_item *item, struct gc_done *done, struct err *e)
{
	FD_AUTO dir = -1;
	LOCK_AUTO lock = LOCK_NONE;
	struct err why = ERR_INIT;
	if (record_dir(g->base, item->id, true, &dir, e) != 0)
		return -1;
	if (lock_take(dir, "lock", 0, &lock, &why) != 0)
		return gc_take_leave(g, item, why.msg, done);
	int status = trash_orphan(g, item, done, e);
	if (dir_exists(dir, "record.json", &why) == 0 &&
	    record_remove(g->base, item->id, &why) != 0 && status == 0)
		*e = why;
	return err_is(e) ? -1 : status;
}
