/* Record, lock, directory, mounts, tree: in this order. */
#include "gc/gc_look.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "os/dir.h"
#include "ws/git_tree.h"

static const char lock_file[] = "lock";

/* The first trouble is the one to tell; it may be cut. */
static void say(struct gc_look *l, const char *text)
{
	struct str cut = str_head(str_of(text), sizeof(l->trouble) - 1);
	if (l->trouble[0])
		return;
	memcpy(l->trouble, cut.p, cut.len);
	l->trouble[cut.len] = '\0';
}

static void add_evidence(struct gc_look *l, int64_t ms)
{
	if (ms > l->newest_ms)
		l->newest_ms = ms;
}

/* The whole of it for who asked for it, else what a collector needs. */
static int load(const struct base_dir *b, const char *id, const struct gc_look_how *how,
                struct gc_look *l, struct err *e)
{
	if (!how->whole_record)
		return gc_brief_load(b, id, &l->brief, e);
	l->record = mem_new(1, sizeof(*l->record));
	if (record_load(b, id, l->record, e) != 0) {
		record_init(l->record, id);
		return -1;
	}
	gc_brief_from(l->record, &l->brief);
	return 0;
}

static void look_at_record(const struct base_dir *b, const char *id, const struct gc_look_how *how,
                           struct gc_look *l)
{
	struct err e = ERR_INIT;
	if (load(b, id, how, l, &e) == 0) {
		l->has_record = l->record_ok = true;
		add_evidence(l, l->brief.created_ms);
		add_evidence(l, l->brief.ready_ms);
		add_evidence(l, l->brief.last_used_ms);
		add_evidence(l, l->brief.saved_ms);
		return;
	}
	l->has_record = e.kind != ERR_KIND_NOT_FOUND;
	if (l->has_record)
		say(l, e.msg);
}

/* 0 when there is no lock file. */
static int64_t lock_written_ms(int dir)
{
	struct err ignored = ERR_INIT;
	struct file_stat st;
	if (dir_stat(dir, lock_file, &st, &ignored))
		return 0;
	return st.mtime_s * 1000 + st.mtime_ns / 1000000;
}

int64_t gc_look_lock_ms(const struct base_dir *b, const char *id)
{
	FD_AUTO dir = -1;
	struct err ignored = ERR_INIT;
	return record_dir(b, id, false, &dir, &ignored) ? 0 : lock_written_ms(dir);
}

bool gc_look_locked(const struct base_dir *b, const char *id, char detail[160])
{
	FD_AUTO dir = -1;
	struct err e = ERR_INIT;
	char holder[LOCK_HOLDER_MAX] = "";
	if (record_dir(b, id, false, &dir, &e) != 0)
		return e.kind != ERR_KIND_NOT_FOUND;
	if (lock_probe(dir, lock_file, holder, &e) == 0)
		return false;
	snprintf(detail, 160, "%.150s", err_is(&e) ? e.msg : holder);
	return true;
}

/* A lock that can't be asked about counts as held. Ours was written when we took it, so that its file's time says
 * nothing any more. */
static void look_at_lock(const struct base_dir *b, const char *id, const struct gc_look_how *how,
                         struct gc_look *l)
{
	FD_AUTO dir = -1;
	struct err e = ERR_INIT;
	if (how->held) {
		add_evidence(l, how->lock_ms);
		return;
	}
	if (record_dir(b, id, false, &dir, &e)) {
		l->locked = e.kind != ERR_KIND_NOT_FOUND;
		if (l->locked)
			say(l, e.msg);
		return;
	}
	l->has_temp = how->temp_too && dir_holds(dir, DIR_TEMP_PREFIX);
	add_evidence(l, lock_written_ms(dir));
	l->locked = lock_probe(dir, lock_file, l->holder, &e) != 0;
	if (err_is(&e))
		say(l, e.msg);
}

static void look_at_mounts(const struct base_dir *b, const char *id, const struct mounts *mounts,
                           struct gc_look *l)
{
	MEM_AUTO char *path = base_dir_workspace_path(b, id);
	const struct mount *m = mounts ? mounts_below(mounts, path) : NULL;
	if (!m)
		return;
	l->mounted = true;
	say(l, m->mount_point);
}

/* The workspace itself may be a mount: then its mount id is not the base's. */
static bool on_another_mount(const struct base_dir *b, const struct file_stat *st)
{
	struct err ignored = ERR_INIT;
	struct file_stat base;
	if (file_stat(b->fd, &base, &ignored, b->path))
		return true;
	return base.mount_id != st->mount_id || base.dev != st->dev;
}

static void look_at_pin(const struct base_dir *b, const char *id, int64_t now_ms, struct gc_look *l)
{
	struct err e = ERR_INIT;
	int found = pin_load(b, id, &l->pin, &e);
	l->pinned = found < 0 || (found > 0 && pin_holds(&l->pin, now_ms));
	if (found < 0)
		say(l, e.msg);
}

/* Its lock says the same, but for who removed the file of it. */
static void look_at_holder(struct gc_look *l)
{
	char text[64];
	if (l->brief.holder.pid <= 0 || proc_alive(&l->brief.holder) != 1)
		return;
	l->busy = true;
	snprintf(text, sizeof(text), "supervised by pid %d", (int)l->brief.holder.pid);
	say(l, text);
}

/* Who locks a worktree in git pins the workspace. */
static void look_at_git_lock(const struct base_dir *b, const char *id, struct gc_look *l)
{
	struct err e = ERR_INIT;
	if (l->pinned || !l->brief.in_git || !l->is_directory)
		return;
	MEM_AUTO struct record *r = mem_new(1, sizeof(*r));
	if (record_load(b, id, r, &e) != 0)
		return;
	l->pinned = git_tree_check_lock(r, &e) != 0;
	if (l->pinned)
		snprintf(l->pin.reason, sizeof(l->pin.reason), "%.255s", e.msg);
	record_free(r);
}

static void look_at_users(const struct base_dir *b, const char *id, const struct users *users,
                          struct gc_look *l)
{
	char text[128];
	MEM_AUTO char *path = base_dir_workspace_path(b, id);
	const struct users_user *user = users ? users_of(users, path) : NULL;
	if (!user)
		return;
	l->busy = true;
	snprintf(text, sizeof(text), "%s of pid %d", user->how, (int)user->pid);
	say(l, text);
}

static void look_at_directory(const struct base_dir *b, const char *id, struct gc_look *l)
{
	struct err e = ERR_INIT;
	struct file_stat st;
	if (dir_stat(b->fd, id, &st, &e)) {
		l->has_directory = e.kind != ERR_KIND_NOT_FOUND;
		if (l->has_directory)
			say(l, e.msg);
		return;
	}
	l->has_directory = true;
	l->is_directory = file_is_dir(&st);
	if (!l->is_directory)
		say(l, file_is_symlink(&st) ? "is a symbolic link" : "is not a directory");
	else if (on_another_mount(b, &st))
		l->mounted = true;
}

static void look_at_tree(const struct base_dir *b, const char *id, int64_t now_ms,
                         struct gc_look *l)
{
	struct err e = ERR_INIT;
	l->tree_known = gc_tree_look(b->fd, id, now_ms, &l->tree, &e) == 0;
	if (!l->tree_known)
		say(l, e.msg);
	add_evidence(l, l->tree.newest_ms);
	if (!l->tree.has_mount)
		return;
	l->mounted = true;
	say(l, l->tree.mount);
}

void gc_look_at(const struct base_dir *b, const char *id, const struct gc_look_how *how,
                struct gc_look *out)
{
	memset(out, 0, sizeof(*out));
	look_at_record(b, id, how, out);
	look_at_lock(b, id, how, out);
	look_at_pin(b, id, how->now_ms, out);
	look_at_directory(b, id, out);
	look_at_holder(out);
	look_at_git_lock(b, id, out);
	look_at_users(b, id, how->users, out);
	look_at_mounts(b, id, how->mounts, out);
	if (out->pinned)
		say(out, out->pin.reason);
	if (out->is_directory && !out->mounted && (!out->locked || how->busy_too))
		look_at_tree(b, id, how->now_ms, out);
}

void gc_look_free(struct gc_look *l)
{
	gc_brief_free(&l->brief);
	if (l->record)
		record_free(l->record);
	mem_free(l->record);
	l->record = NULL;
}
