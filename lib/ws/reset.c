/* The plan of a reset, and its execution. */
#include "ws/reset.h"

#include <stdio.h>
#include <string.h>

#include "base/inodes.h"
#include "base/mem.h"
#include "os/attr.h"
#include "os/dir.h"
#include "os/extent.h"
#include "os/remove.h"
#include "os/swap.h"
#include "os/sys.h"
#include "os/walk.h"
#include "ws/backup_parts.h"
#include "ws/backup_stage.h"
#include "ws/journal.h"

/* Where an item's directory is. */
struct spot {
	int parent;
	char name[DIR_NAME_MAX + 1];
};

static void close_spot(struct spot *s)
{
	file_close_auto(&s->parent);
}
#define SPOT_AUTO AUTO(close_spot) struct spot

/* A workspace's is beneath it, without links; a host's is where its user's links lead. */
static int open_spot(const struct base_dir *b, const struct record *r,
                     const struct reset_item *item, struct spot *s, struct err *e)
{
	FD_AUTO root = -1;
	if (item->is_host)
		return dir_open_user_parent(item->path, &s->parent, s->name, e);
	if (dir_open(b->fd, r->id, &root, e) != 0)
		return -1;
	return dir_open_parent(root, item->volume->path, &s->parent, s->name, e);
}

/* ---- the plan ---- */

static int measure(const struct spot *s, struct inodes *seen, struct reset_item *item,
                   struct err *e)
{
	FD_AUTO fd = -1;
	WALK_AUTO walk = NULL;
	struct walk_entry at;
	const struct walk_options how = { .one_file_system = true, .unsorted = true };
	struct err ignored = ERR_INIT;
	int more;
	if (dir_open(s->parent, s->name, &fd, e) != 0 || walk_open(fd, &how, &walk, e) != 0)
		return -1;
	while ((more = walk_next(walk, &at, e)) > 0) {
		bool has_names = at.stat.nlink > 1 && !file_is_dir(&at.stat);
		item->entries++;
		if (!has_names || inodes_add(seen, at.stat.dev, at.stat.ino))
			item->bytes += at.stat.allocated_bytes;
	}
	item->shared_known =
		extent_tree_shared(s->parent, s->name, &item->shared_bytes, &ignored) == 0;
	return more;
}

/* Whether it carries our mark. */
static int judge_mark(const struct base_dir *b, const struct record *r, struct reset_item *item,
                      struct err *e)
{
	uint64_t made = item->inode;
	struct backup_stage_target t;
	struct err mounted = ERR_INIT;
	if (item->is_host && reset_host_find(b, r->id, item->path, &made, e) != 0)
		return -1;
	if (made == 0)
		item->reason = "not-made-by-ws";
	else if (made != item->inode)
		item->reason = "replaced-since";
	else if (backup_stage_look(item->path, &t, &mounted) != 0 || t.is_mount)
		item->reason = "mounted";
	else
		item->taken = true;
	return 0;
}

static int judge(const struct base_dir *b, const struct record *r, enum reset_tier tier,
                 struct inodes *seen, struct reset_item *item, struct err *e)
{
	SPOT_AUTO spot = { .parent = -1 };
	struct file_stat st;
	struct err why = ERR_INIT;
	bool low = strcmp(item->volume->priority, "low") == 0;
	enum reset_tier of = item->is_host ? RESET_HOST : low ? RESET_CACHE : RESET_VOLUMES;
	item->reason = "higher-tier";
	if (of > tier)
		return 0;
	item->reason = "absent";
	if (open_spot(b, r, item, &spot, &why) != 0 ||
	    dir_stat(spot.parent, spot.name, &st, &why) != 0) {
		if (why.kind == ERR_KIND_NOT_FOUND)
			return 0;
		*e = why;
		return -1;
	}
	item->inode = st.ino;
	item->reason = "no-directory";
	if (!file_is_dir(&st))
		return 0;
	item->reason = "in-tier";
	if (judge_mark(b, r, item, e) != 0)
		return -1;
	if (!item->taken || measure(&spot, seen, item, e) != 0)
		return item->taken ? -1 : 0;
	if (item->entries == 0 && !item->is_host) {
		item->taken = false;
		item->reason = "empty";
	}
	return 0;
}

static struct reset_item *add(struct reset_plan *p, const struct volume *v, char *path,
                              bool is_host)
{
	struct reset_item *item = &p->items[p->count++];
	*item = (struct reset_item){ .volume = v, .path = path, .is_host = is_host };
	return item;
}

int reset_look(const struct base_dir *b, const struct record *r, const struct volume_list *volumes,
               enum reset_tier tier, struct reset_plan *out, struct err *e)
{
	INODES_AUTO seen = { .cap = 0 };
	*out = (struct reset_plan){ .count = 0 };
	if (volumes->count == 0)
		return err_set(e, ERR_KIND_USAGE, "workspace %s: profile %s has no volumes", r->id,
		               r->profile);
	for (size_t i = 0; i < volumes->count; i++) {
		const struct volume *v = &volumes->list[i];
		if (v->path[0])
			add(out, v, mem_printf("%s/%s/%s", b->path, r->id, v->path), false);
		if (v->host[0])
			add(out, v, mem_text(v->host), true);
	}
	for (size_t i = 0; i < out->count; i++) {
		if (judge(b, r, tier, &seen, &out->items[i], e) != 0)
			return err_context(e, "%s", out->items[i].path);
	}
	return 0;
}

void reset_free(struct reset_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		mem_free(plan->items[i].path);
		mem_free(plan->items[i].as);
	}
	plan->count = 0;
}

/* ---- doing it ---- */

static int is_still(const struct spot *s, const struct reset_item *item, struct file_stat *st,
                    struct err *e)
{
	if (dir_stat(s->parent, s->name, st, e) != 0)
		return -1;
	return st->ino == item->inode && file_is_dir(st)
	               ? 0
	               : err_set(e, ERR_KIND_CONFLICT, "it is another one now");
}

static int take_host(const struct spot *s, struct reset_item *item, bool purge, struct err *e)
{
	FD_AUTO kept = -1;
	char random[10];
	struct str above;
	sys_random_name(random);
	MEM_AUTO char *as = mem_printf("%lld.%.200s.%s", (long long)sys_now_ms(), s->name, random);
	if (dir_make(s->parent, BACKUP_QUARANTINE_NAME, 0700, &kept, e) != 0 ||
	    dir_rename(s->parent, s->name, kept, as, true, e) != 0 || dir_sync(kept, e) != 0 ||
	    dir_sync(s->parent, e) != 0)
		return -1;
	if (purge)
		return remove_tree(kept, as, NULL, e);
	str_cut_last(str_of(item->path), '/', &above, NULL);
	item->as = mem_printf("%" STR_FMT "/" BACKUP_QUARANTINE_NAME "/%s", STR_ARG(above), as);
	return 0;
}

/* An empty directory of the same mode and owner. */
static int make_like(int parent, const char *name, const struct file_stat *st, struct err *e)
{
	FD_AUTO fd = -1;
	if (dir_make(parent, name, 0700, &fd, e) != 0)
		return -1;
	if (st->uid != sys_uid() && attr_set_owner(fd, st->uid, st->gid, e, name) != 0)
		return -1;
	return attr_set_mode(fd, st->mode & 07777, e, name);
}

/* The empty one is made in the trash, and both change places in one step: a volume is never missing. */
static int take_volume(const struct base_dir *b, const struct record *r, const struct spot *s,
                       const struct file_stat *st, struct reset_item *item, bool purge,
                       struct err *e)
{
	FD_AUTO trash = -1;
	char random[10];
	sys_random_name(random);
	MEM_AUTO char *as = mem_printf("%lld.%s.%s", (long long)sys_now_ms(), r->id, random);
	if (base_dir_area(b, "trash", &trash, e) != 0 || make_like(trash, as, st, e) != 0)
		return -1;
	int done = swap_names(trash, as, s->parent, s->name, e);
	if (done < 0)
		return -1;
	/* This file system can't: for a moment it is. */
	if (done == 0 && (remove_tree(trash, as, NULL, e) != 0 ||
	                  dir_rename(s->parent, s->name, trash, as, true, e) != 0 ||
	                  make_like(s->parent, s->name, st, e) != 0))
		return -1;
	if (dir_sync(trash, e) != 0 || dir_sync(s->parent, e) != 0)
		return -1;
	if (purge)
		return base_dir_delete(b, "trash", as, NULL, e);
	item->as = mem_printf("%s/.ws/trash/%s", b->path, as);
	return 0;
}

static int take(const struct base_dir *b, const struct record *r, struct reset_item *item,
                bool purge, struct err *e)
{
	SPOT_AUTO spot = { .parent = -1 };
	struct file_stat st;
	if (open_spot(b, r, item, &spot, e) != 0 || is_still(&spot, item, &st, e) != 0)
		return -1;
	struct js *fields = js_object();
	js_set_path(fields, "path", str_of(item->path));
	journal_add(b, "reset", r->id, fields);
	return item->is_host ? take_host(&spot, item, purge, e)
	                     : take_volume(b, r, &spot, &st, item, purge, e);
}

int reset_run(const struct base_dir *b, const struct record *r, struct reset_plan *plan, bool purge,
              struct err *e)
{
	for (size_t i = 0; i < plan->count; i++) {
		struct reset_item *item = &plan->items[i];
		if (item->taken && take(b, r, item, purge, e) != 0)
			return err_context(e, "reset %s", item->path);
	}
	return 0;
}
