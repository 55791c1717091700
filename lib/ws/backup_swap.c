/*
 * Every step is told in the file `state` before it is made:
 *
 *   beside KEPT INODE   one rename exchanges item and target; the item had this inode. Then what is `item` goes to quarantine
 *   out KEPT            what is in the target goes to quarantine, entry by entry; no entry is new
 *   in KEPT             what is in the item goes to the target; no entry is old
 */
#include "ws/backup_swap.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "os/attr.h"
#include "os/node.h"
#include "os/remove.h"
#include "os/swap.h"
#include "ws/backup_parts.h"

enum { NAMES_MAX = 10 * 1000 * 1000, STATE_MAX = 1024, WRITABLE = 0200, PERMISSIONS = 07777 };

static int set_state(struct backup_stage *s, const char *step, uint64_t inode, struct err *e)
{
	MEM_AUTO char *text = mem_printf("%s %s %" PRIu64 "\n", step, s->kept, inode);
	return dir_replace_file(s->fd, "state", text, strlen(text), 0600, e);
}

static int clear_state(struct backup_stage *s, struct err *e)
{
	return dir_unlink(s->fd, "state", e) != 0 ? -1 : dir_sync(s->fd, e);
}

static int open_quarantine(const struct backup_stage *s, int *fd, struct err *e)
{
	return dir_make(s->where, BACKUP_QUARANTINE_NAME, 0700, fd, e);
}

static bool is_ours(const char *name)
{
	return strcmp(name, BACKUP_STAGE_NAME) == 0 || strcmp(name, BACKUP_QUARANTINE_NAME) == 0 ||
	       strcmp(name, BACKUP_FOUND_NAME) == 0;
}

/* ---- one rename ---- */

static int keep(struct backup_stage *s, int from, const char *name, struct err *e)
{
	FD_AUTO kept = -1;
	if (open_quarantine(s, &kept, e) != 0 ||
	    dir_rename(from, name, kept, s->kept, true, e) != 0)
		return -1;
	return dir_sync(kept, e) != 0 ? -1 : dir_sync(s->where, e);
}

static int exchange(struct backup_stage *s, struct err *e)
{
	int done = swap_names(s->fd, "item", s->where, s->name, e);
	if (done < 0)
		return -1;
	if (done > 0)
		return dir_sync(s->where, e) != 0 ? -1 : keep(s, s->fd, "item", e);
	/* This file system can't: for a moment there is nothing. */
	return keep(s, s->where, s->name, e) != 0
	               ? -1
	               : dir_rename(s->fd, "item", s->where, s->name, true, e);
}

/* A directory that changes its place has its ".." written to, which takes permission; root needs none. */
static int let_move(struct backup_stage *s, struct file_stat *item, int *fd, struct err *e)
{
	if (dir_stat(s->fd, "item", item, e) != 0)
		return -1;
	if (!file_is_dir(item) || (item->mode & WRITABLE))
		return 0;
	if (dir_open(s->fd, "item", fd, e) != 0)
		return -1;
	return attr_set_mode(*fd, (item->mode & PERMISSIONS) | WRITABLE, e, s->path);
}

static int swap_beside(struct backup_stage *s, struct err *e)
{
	FD_AUTO fd = -1;
	struct file_stat item;
	int there = dir_exists(s->where, s->name, e);
	if (there < 0 || let_move(s, &item, &fd, e) != 0 ||
	    set_state(s, "beside", item.ino, e) != 0)
		return -1;
	if (!there)
		s->kept[0] = '\0';
	if (there ? exchange(s, e) : dir_rename(s->fd, "item", s->where, s->name, true, e))
		return -1;
	if (fd >= 0 && attr_set_mode(fd, item.mode & PERMISSIONS, e, s->path) != 0)
		return -1;
	return dir_sync(s->where, e) != 0 ? -1 : clear_state(s, e);
}

/* ---- entry by entry ---- */

/* `may_stay`: a name that is taken stays where it is. */
static int move_all(int from, int to, bool may_stay, struct err *e)
{
	MEM_AUTO char **names = NULL;
	size_t count;
	if (dir_list(from, NAMES_MAX, &names, &count, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		int taken = may_stay ? dir_exists(to, names[i], e) : 0;
		if (taken < 0)
			return -1;
		if (taken || (!may_stay && is_ours(names[i])))
			continue;
		if (dir_rename(from, names[i], to, names[i], true, e) != 0)
			return -1;
	}
	return dir_sync(to, e) != 0 ? -1 : dir_sync(from, e);
}

/* Nothing is kept of a directory that had nothing in it. */
static int drop_if_empty(struct backup_stage *s, int parent, int dir, const char *name,
                         struct err *e)
{
	MEM_AUTO char **names = NULL;
	size_t count;
	if (dir_list(dir, NAMES_MAX, &names, &count, e) != 0)
		return -1;
	if (count > 0)
		return 0;
	/* `name` may be s->kept. */
	int rc = remove_tree(parent, name, NULL, e);
	s->kept[0] = '\0';
	return rc;
}

static int move_out(struct backup_stage *s, struct err *e)
{
	FD_AUTO quarantine = -1, kept = -1;
	if (open_quarantine(s, &quarantine, e) != 0 ||
	    dir_make(quarantine, s->kept, 0700, &kept, e) != 0 || dir_sync(quarantine, e) != 0 ||
	    move_all(s->where, kept, false, e) != 0 ||
	    drop_if_empty(s, quarantine, kept, s->kept, e) != 0)
		return -1;
	return s->kept[0] ? 0 : drop_if_empty(s, s->where, quarantine, BACKUP_QUARANTINE_NAME, e);
}

/* The directory's own mode and owner are the item's. */
static int take_metadata(struct backup_stage *s, const struct file_stat *item, struct err *e)
{
	struct file_stat now;
	if (file_stat(s->where, &now, e, s->path) != 0)
		return -1;
	if ((now.uid != item->uid || now.gid != item->gid) &&
	    attr_set_owner(s->where, item->uid, item->gid, e, s->path) != 0)
		return -1;
	return attr_set_mode(s->where, item->mode & PERMISSIONS, e, s->path);
}

static int move_in(struct backup_stage *s, struct file_stat *st, struct err *e)
{
	FD_AUTO item = -1;
	if (dir_open(s->fd, "item", &item, e) != 0 || file_stat(item, st, e, "item") != 0)
		return -1;
	if (!(st->mode & WRITABLE) &&
	    attr_set_mode(item, (st->mode & PERMISSIONS) | WRITABLE, e, "item") != 0)
		return -1;
	return move_all(item, s->where, true, e) != 0 ? -1 : take_metadata(s, st, e);
}

static int swap_inside(struct backup_stage *s, struct err *e)
{
	struct file_stat item;
	if (set_state(s, "out", 0, e) != 0 || move_out(s, e) != 0 ||
	    set_state(s, "in", 0, e) != 0 || move_in(s, &item, e) != 0 || clear_state(s, e) != 0 ||
	    remove_tree(s->where, s->own, NULL, e) != 0)
		return -1;
	/* The stage was in it: the time comes last. */
	s->own[0] = '\0';
	return node_set_mtime(s->where, item.mtime_s, item.mtime_ns, e, s->path);
}

int backup_swap_run(struct backup_stage *s, struct err *e)
{
	int rc = s->inside ? swap_inside(s, e) : swap_beside(s, e);
	return rc == 0 ? 0 : err_context(e, "restore to %s", s->path);
}

int backup_swap_remove(struct backup_stage *s, struct err *e)
{
	int rc = s->inside ? move_out(s, e) : keep(s, s->where, s->name, e);
	return rc == 0 ? 0 : err_context(e, "%s", s->path);
}

int backup_swap_discard(struct backup_stage *s, struct err *e)
{
	FD_AUTO quarantine = -1;
	MEM_AUTO char **names = NULL;
	size_t count;
	if (!s->kept[0])
		return 0;
	if (open_quarantine(s, &quarantine, e) != 0 ||
	    remove_tree(quarantine, s->kept, NULL, e) != 0 ||
	    dir_list(quarantine, NAMES_MAX, &names, &count, e) != 0)
		return -1;
	s->kept[0] = '\0';
	return count == 0 ? remove_tree(s->where, BACKUP_QUARANTINE_NAME, NULL, e) : 0;
}

/* ---- after a kill ---- */

/* Either the item was not exchanged yet (this run makes it again), or what is `item` is what was there before. */
static int recover_beside(struct backup_stage *s, uint64_t inode, struct err *e)
{
	struct file_stat item;
	struct err why = ERR_INIT;
	if (dir_stat(s->fd, "item", &item, &why) != 0) {
		if (why.kind == ERR_KIND_NOT_FOUND)
			return 0;
		*e = why;
		return -1;
	}
	if (item.ino != inode)
		return keep(s, s->fd, "item", e);
	int there = dir_exists(s->where, s->name, e);
	return there != 0 ? (there < 0 ? -1 : 0)
	                  : dir_rename(s->fd, "item", s->where, s->name, true, e);
}

static int recover_inside(struct backup_stage *s, bool out, struct err *e)
{
	struct file_stat item;
	if (out && (move_out(s, e) != 0 || set_state(s, "in", 0, e) != 0))
		return -1;
	return move_in(s, &item, e);
}

struct state {
	struct str step, kept;
	uint64_t inode;
};

/* "STEP KEPT INODE", a step of this kind of stage; `kept` may be empty when nothing was. */
static int parse(const struct backup_stage *s, struct str line, struct state *out, struct err *e)
{
	struct str rest, inode;
	bool good = str_cut(line, ' ', &out->step, &rest) &&
	            str_cut_last(rest, ' ', &out->kept, &inode) &&
	            num_parse_digits(inode, 10, &out->inode) == 0 &&
	            str_index(out->kept, '/') < 0 && !str_is(out->kept, "..") &&
	            !str_is(out->kept, ".") && out->kept.len < sizeof(s->kept);
	bool in = good && str_is(out->step, "in");
	bool of_inside = in || (good && str_is(out->step, "out"));
	good = good && (in || out->kept.len > 0) &&
	       (s->inside ? of_inside : str_is(out->step, "beside"));
	return good ? 0 : err_set(e, ERR_KIND_DATA, "%s/state makes no sense", s->own);
}

static int recover(struct backup_stage *s, struct str line, struct err *e)
{
	struct state state;
	char mine[sizeof(s->kept)];
	memcpy(mine, s->kept, sizeof(mine));
	if (parse(s, line, &state, e) != 0 || str_copy(state.kept, s->kept, sizeof(s->kept)) != 0)
		return -1;
	int rc = s->inside ? recover_inside(s, str_is(state.step, "out"), e)
	                   : recover_beside(s, state.inode, e);
	memcpy(s->kept, mine, sizeof(mine));
	return rc == 0 ? clear_state(s, e) : -1;
}

int backup_swap_recover(struct backup_stage *s, struct err *e)
{
	BUF_AUTO text = buf_make(STATE_MAX);
	struct err why = ERR_INIT;
	if (dir_read_file(s->fd, "state", &text, &why) == 0)
		return recover(s, str_trim(buf_str(&text)), e);
	if (why.kind == ERR_KIND_NOT_FOUND)
		return 0;
	*e = why;
	return -1;
}
