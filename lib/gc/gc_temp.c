/* What writers left. */
#include "gc/gc_temp.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "gc/gc_take.h"
#include "os/dir.h"
#include "os/walk.h"
#include "ws/journal.h"

enum { NAMES_MAX = 1000 };

/* Its writer has it open until it has its name; who can't be asked may be it. */
static bool is_open(const struct gc *g, const struct users *users, const char *name,
                    char detail[160])
{
	MEM_AUTO char *path = mem_printf("%s/%s", g->base->path, name);
	const struct users_user *user = users ? users_of(users, path) : NULL;
	if (user)
		snprintf(detail, 160, "%s of pid %d", user->how, (int)user->pid);
	else if (!users)
		snprintf(detail, 160, "its processes can't be told");
	return user || !users;
}

/* An mtime can be older than the file: a copy has that of its source. The ctime is when it was written. */
static bool is_old(const struct gc *g, struct gc_item *item)
{
	struct err ignored = ERR_INIT;
	struct file_stat st;
	if (!gc_name_is_temp(item->name) || dir_stat(g->base->fd, item->name, &st, &ignored) != 0 ||
	    !file_is_regular(&st))
		return false;
	int64_t mtime_ms = st.mtime_s * 1000, ctime_ms = st.ctime_s * 1000;
	item->newest_ms = mtime_ms > ctime_ms ? mtime_ms : ctime_ms;
	item->idle_ms = g->now_ms - item->newest_ms;
	item->allocated_bytes = st.nlink == 1 ? st.allocated_bytes : 0;
	return item->idle_ms >= GC_STAGING_AGE_MS;
}

bool gc_temp_look(const struct gc *g, struct gc_item *item)
{
	const struct users *users = g->users_known ? &g->users : NULL;
	if (!is_old(g, item))
		return false;
	item->action = GC_KEEP;
	if (g->clock_jumped)
		item->reason = GC_REASON_CLOCK;
	else if (item->id[0] && gc_look_locked(g->base, item->id, item->detail))
		item->reason = GC_REASON_LOCKED;
	else if (is_open(g, users, item->name, item->detail))
		item->reason = GC_REASON_BUSY;
	else {
		item->action = GC_CLEAN;
		item->reason = GC_REASON_LEFTOVER;
	}
	return true;
}

/* ---- where they lie ---- */

/* Young ones are the business of their writers, and not told of. */
static void add(const struct gc *g, struct gc_plan *plan, const char *id, const char *path)
{
	struct gc_item *item = gc_plan_add(plan);
	int len = snprintf(item->name, sizeof(item->name), ".ws/%s", path);
	snprintf(item->id, sizeof(item->id), "%s", id);
	if (len >= (int)sizeof(item->name) || !gc_temp_look(g, item))
		plan->count--;
}

/* Of what lies in .ws only the store is a tree of ours; records have a lock each, and the rest were workspaces. */
int gc_temp_plan(const struct gc *g, struct gc_plan *plan, struct err *e)
{
	const struct walk_options how = { .one_file_system = true,
		                          .unsorted = true,
		                          .no_stat = true };
	WALK_AUTO w = NULL;
	struct walk_entry entry;
	int got;
	if (walk_open(g->base->ws_fd, &how, &w, e) != 0)
		return -1;
	while ((got = walk_next(w, &entry, e)) != 0) {
		err_clear(e); /* one that can't be read holds up nothing */
		if (got < 0 && walk_failed(w))
			return 0;
		if (got > 0 && entry.depth == 0 && strcmp(entry.name, "store") != 0)
			walk_skip(w);
		if (got > 0 && gc_name_is_temp(entry.path))
			add(g, plan, "", entry.path);
	}
	return 0;
}

static void plan_record(const struct gc *g, struct gc_plan *plan, const char *id)
{
	FD_AUTO dir = -1;
	MEM_AUTO char **names = NULL;
	struct err ignored = ERR_INIT;
	size_t count = 0;
	if (record_dir(g->base, id, false, &dir, &ignored) != 0 ||
	    dir_list(dir, NAMES_MAX, &names, &count, &ignored) != 0)
		return;
	for (size_t i = 0; i < count; i++) {
		MEM_AUTO char *path = mem_printf("%s/%s", id, names[i]);
		if (gc_name_is_temp(path))
			add(g, plan, id, path);
	}
}

void gc_temp_plan_records(const struct gc *g, struct gc_plan *plan)
{
	size_t count = plan->count;
	for (size_t i = 0; i < count; i++) {
		char id[BASE_DIR_ID_MAX + 1];
		memcpy(id, plan->items[i].id, sizeof(id));
		if (plan->items[i].has_temp)
			plan_record(g, plan, id);
	}
}

/* ---- and away ---- */

/* NULL: it may go. */
static const char *why_not(const struct gc *g, const struct gc_item *item, char detail[160])
{
	USERS_AUTO users = { .list = NULL };
	struct err ignored = ERR_INIT;
	struct gc_item now = *item;
	bool known = g->users_known && users_read(g->base->path, &users, &ignored) == 0;
	if (!is_old(g, &now))
		return "it is there no more, or was written";
	return is_open(g, known ? &users : NULL, item->name, detail) ? detail : NULL;
}

static int clean(const struct gc *g, struct gc_item *item, struct gc_done *done, struct err *e)
{
	FD_AUTO parent = -1;
	char name[DIR_NAME_MAX + 1], detail[160];
	const char *why = why_not(g, item, detail);
	if (why)
		return gc_take_leave(g, item, why, done);
	if (dir_open_parent(g->base->fd, item->name, &parent, name, e) != 0 ||
	    dir_unlink(parent, name, e) != 0)
		return -1;
	done->cleaned++;
	done->freed_bytes += item->allocated_bytes;
	struct js *fields = js_object();
	js_set_text(fields, "name", item->name);
	journal_add(g->base, "clean", item->id, fields);
	return 0;
}

int gc_temp_clean(const struct gc *g, struct gc_item *item, struct gc_done *done, struct err *e)
{
	LOCK_AUTO lock = LOCK_NONE;
	struct err why = ERR_INIT;
	int64_t lock_ms = item->id[0] ? gc_look_lock_ms(g->base, item->id) : 0;
	if (item->id[0] && gc_take_lock(g, item->id, &lock, &why) != 0)
		return gc_take_leave(g, item, why.msg, done);
	int result = clean(g, item, done, e);
	if (item->id[0])
		gc_take_release_unused(g, item->id, &lock, lock_ms);
	return result;
}
