/* Stages: made, filled, removed. */
#include "ws/backup_stage.h"

#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "base/mem.h"
#include "os/mounts.h"
#include "os/node.h"
#include "os/remove.h"
#include "os/sys.h"
#include "ws/backup_parts.h"
#include "ws/backup_swap.h"

enum { PRIVATE = 0700 };

/* ---- targets ---- */

bool backup_stage_is_mount(const char *path)
{
	struct backup_stage_target t;
	struct err ignored = ERR_INIT;
	return backup_stage_look(path, &t, &ignored) == 0 && t.is_mount;
}

static bool is_other_mount(const struct file_stat *parent, const struct file_stat *st)
{
	return parent->dev != st->dev || parent->mount_id != st->mount_id;
}

/* A rename would take along what is mounted below, or fail half way. Where mounts can't be read the renames themselves tell. */
static int check_below(const char *path, struct err *e)
{
	MOUNTS_AUTO mounts = { .list = NULL };
	struct err ignored = ERR_INIT;
	if (mounts_read(&mounts, &ignored) != 0)
		return 0;
	for (size_t i = 0; i < mounts.count; i++) {
		const char *point = mounts.list[i].mount_point;
		if (strcmp(point, path) != 0 && backup_within(point, path))
			return err_set(e, ERR_KIND_CONFLICT, "%s: %s is mounted in it", path,
			               point);
	}
	return 0;
}

int backup_stage_look(const char *path, struct backup_stage_target *out, struct err *e)
{
	FD_AUTO parent = -1;
	char name[DIR_NAME_MAX + 1];
	struct file_stat above, st;
	struct err why = ERR_INIT;
	*out = (struct backup_stage_target){ .exists = false };
	if (dir_open_user_parent(path, &parent, name, &why) != 0 ||
	    dir_stat(parent, name, &st, &why) != 0) {
		if (why.kind == ERR_KIND_NOT_FOUND)
			return 0;
		*e = why;
		return -1;
	}
	if (file_stat(parent, &above, e, path) != 0)
		return -1;
	*out = (struct backup_stage_target){
		.exists = true,
		.is_dir = file_is_dir(&st),
		.is_mount = is_other_mount(&above, &st),
	};
	if (out->is_mount && !out->is_dir)
		return err_set(e, ERR_KIND_CONFLICT, "%s: a file is mounted there", path);
	return check_below(path, e);
}

/* ---- opening ---- */

static int open_where(const char *path, bool inside, struct backup_stage *s, struct err *e)
{
	struct str above;
	FD_AUTO made = -1;
	str_cut_last(str_of(path), '/', &above, NULL);
	MEM_AUTO char *parent = mem_str(above);
	if (inside)
		return dir_open_root(path, &s->where, e);
	if (dir_make_root(parent[0] ? parent : "/", &made, e) != 0)
		return -1;
	return dir_open_user_parent(path, &s->where, s->name, e);
}

static int set_names(struct backup_stage *s, struct err *e)
{
	struct str last;
	char random[10];
	str_cut_last(str_of(s->path), '/', NULL, &last);
	sys_random_name(random);
	int own = s->inside ? snprintf(s->own, sizeof(s->own), BACKUP_STAGE_NAME)
	                    : snprintf(s->own, sizeof(s->own), BACKUP_STAGE_NAME ".%s", s->name);
	int kept = snprintf(s->kept, sizeof(s->kept), "%013lld.%.200s.%s", (long long)sys_now_ms(),
	                    last.p, random);
	if (own > 0 && kept > 0 && (size_t)own < sizeof(s->own) && (size_t)kept < sizeof(s->kept))
		return 0;
	return err_set(e, ERR_KIND_USAGE, "%s: the name is too long", s->path);
}

/* Of another user it is a trap: whoever may write to the target could have made it. */
static int check_owner(const struct backup_stage *s, struct err *e)
{
	struct file_stat st;
	if (file_stat(s->fd, &st, e, s->own) != 0)
		return -1;
	if (st.uid == sys_uid())
		return 0;
	return err_set(e, ERR_KIND_CONFLICT, "%s: %s belongs to user %u", s->path, s->own, st.uid);
}

static int make(struct backup_stage *s, struct err *e)
{
	struct err why = ERR_INIT;
	if (node_make_dir(s->where, s->own, PRIVATE, &why) != 0 && why.kind != ERR_KIND_CONFLICT) {
		*e = why;
		return -1;
	}
	if (dir_open(s->where, s->own, &s->fd, e) != 0 || check_owner(s, e) != 0 ||
	    lock_take(s->fd, "lock", 0, &s->lock, e) != 0 || backup_swap_recover(s, e) != 0 ||
	    remove_tree(s->fd, "new", NULL, e) != 0 || remove_tree(s->fd, "item", NULL, e) != 0)
		return -1;
	return dir_make(s->fd, "new", PRIVATE, &s->new_fd, e);
}

int backup_stage_open(const char *path, bool inside, struct backup_stage *out, struct err *e)
{
	*out = (struct backup_stage){
		.path = mem_text(path),
		.inside = inside,
		.where = -1,
		.fd = -1,
		.new_fd = -1,
		.lock = LOCK_NONE,
	};
	if (open_where(path, inside, out, e) == 0 && set_names(out, e) == 0 && make(out, e) == 0)
		return 0;
	backup_stage_close(out);
	return err_context(e, "restore to %s", path);
}

/* ---- filled ---- */

static int check_names(const struct backup_stage *s, struct err *e)
{
	static const char *const ours[] = { BACKUP_STAGE_NAME, BACKUP_QUARANTINE_NAME };
	for (size_t i = 0; i < COUNTOF(ours); i++) {
		int there = dir_exists(s->new_fd, ours[i], e);
		if (there != 0)
			return there < 0 ? -1
			                 : err_set(e, ERR_KIND_DATA, "the archive has %s in it",
			                           ours[i]);
	}
	return 0;
}

static int take_file(struct backup_stage *s, struct err *e)
{
	MEM_AUTO char **names = NULL;
	struct file_stat st;
	size_t count;
	if (dir_list(s->new_fd, 2, &names, &count, e) != 0)
		return -1;
	if (count != 1 || dir_stat(s->new_fd, names[0], &st, e) != 0 || file_is_dir(&st))
		return err_set(e, ERR_KIND_DATA, "the archive is not of one file");
	return dir_rename(s->new_fd, names[0], s->fd, "item", true, e);
}

int backup_stage_ready(struct backup_stage *s, bool is_file, struct err *e)
{
	if (check_names(s, e) != 0)
		return -1;
	int rc = is_file ? take_file(s, e) : dir_rename(s->fd, "new", s->fd, "item", true, e);
	return rc == 0 ? dir_sync_all(s->fd, e) : -1;
}

void backup_stage_close(struct backup_stage *s)
{
	struct err ignored = ERR_INIT;
	if (s->lock.fd >= 0 && s->own[0] && dir_exists(s->fd, "state", &ignored) == 0 &&
	    remove_tree(s->where, s->own, NULL, &ignored) != 0)
		err_clear(&ignored); /* it stays: the next run removes it */
	lock_release(&s->lock);
	file_close_auto(&s->new_fd);
	file_close_auto(&s->fd);
	file_close_auto(&s->where);
	mem_free(s->path);
	s->path = NULL;
}
