/* Two walks over what was unpacked: one that only looks, one that moves. */
#include "applets/pack_merge.h"

#include "base/mem.h"
#include "os/attr.h"
#include "os/dir.h"
#include "os/file.h"
#include "os/node.h"
#include "os/walk.h"

enum { OWNER_ALL = 0700, MODE_ALL = 07777 };

/* Moving a directory changes its "..", which takes permission to write to it. */
int pack_merge_move(int from, int to, const char *name, bool noreplace, struct err *e)
{
	FD_AUTO fd = -1;
	struct file_stat st;
	struct err why = ERR_INIT;
	if (dir_rename(from, name, to, name, noreplace, &why) == 0)
		return 0;
	bool denied = why.kind == ERR_KIND_DENIED;
	if (!denied || dir_open(from, name, &fd, &(struct err){ .kind = ERR_KIND_NONE }) ||
	    file_stat(fd, &st, e, name) || attr_set_mode(fd, OWNER_ALL, e, name)) {
		if (!err_is(e))
			*e = why;
		return -1;
	}
	if (dir_rename(from, name, to, name, noreplace, e))
		return -1;
	return attr_set_mode(fd, st.mode & MODE_ALL, e, name);
}

/* A walk at work. */
struct merge {
	const struct pack_merge *how;
	bool moving;
	uint64_t dev, mount_id; /* of the target */
	uint32_t *modes;        /* of the directories above, by depth */
	size_t modes_cap;
};

/* What is at `path` of the target: 1 and *st with its open parent, 0 nothing. */
static int look(const struct merge *m, const char *path, int *parent, char name[DIR_NAME_MAX + 1],
                struct file_stat *st, struct err *e)
{
	struct err why = ERR_INIT;
	if (dir_open_parent(m->how->to, path, parent, name, e))
		return -1;
	if (dir_stat(*parent, name, st, &why) == 0)
		return 1;
	if (why.kind == ERR_KIND_NOT_FOUND)
		return 0;
	*e = why;
	return -1;
}

static int taken(const char *path, const char *why, struct err *e)
{
	return err_set(e, ERR_KIND_CONFLICT, "%s is there already %s", path, why);
}

static int check(const struct merge *m, const struct walk_entry *at, const struct file_stat *there,
                 struct err *e)
{
	bool is_dir = file_is_dir(&at->stat);
	if (is_dir && !file_is_dir(there))
		return taken(at->path, "and no directory", e);
	if (!is_dir && file_is_dir(there))
		return taken(at->path, "as a directory", e);
	if (is_dir && (there->dev != m->dev || there->mount_id != m->mount_id))
		return taken(at->path, "as a mount point", e);
	return 0;
}

/* Names can be moved out of the unpacked directory `at` and into the one that is there. Its own mode is for later. */
static int enter(struct merge *m, const struct walk_entry *at, struct err *e)
{
	FD_AUTO fd = -1;
	if (at->depth >= m->modes_cap) {
		m->modes_cap = 2 * (size_t)at->depth + 16;
		m->modes = mem_grow(m->modes, m->modes_cap, sizeof(m->modes[0]));
	}
	m->modes[at->depth] = at->stat.mode & MODE_ALL;
	if ((at->stat.mode & OWNER_ALL) == OWNER_ALL)
		return 0;
	if (dir_open(at->dirfd, at->name, &fd, e))
		return -1;
	return attr_set_mode(fd, OWNER_ALL, e, at->path);
}

static int leave(const struct merge *m, const struct walk_entry *at, struct err *e)
{
	FD_AUTO fd = -1;
	const struct file_stat *st = &at->stat;
	if (dir_open(m->how->to, at->path, &fd, e) ||
	    (m->how->owners && attr_set_owner(fd, st->uid, st->gid, e, at->path)) ||
	    attr_set_mode(fd, m->modes[at->depth], e, at->path))
		return -1;
	return node_set_mtime(fd, st->mtime_s, st->mtime_ns, e, at->path);
}

/* One thing that was unpacked: 1 when what is below it is to be looked at too, 0, -1. */
static int take(struct merge *m, const struct walk_entry *at, struct err *e)
{
	FD_AUTO parent = -1;
	char name[DIR_NAME_MAX + 1];
	struct file_stat there;
	int rc = look(m, at->path, &parent, name, &there, e);
	bool is_dir = file_is_dir(&at->stat);
	if (rc < 0 || (rc > 0 && check(m, at, &there, e)))
		return -1;
	if (rc > 0 && is_dir)
		return m->moving && enter(m, at, e) ? -1 : 1;
	if (!m->moving)
		return 0;
	return pack_merge_move(at->dirfd, parent, name, rc == 0, e) ? -1 : 0;
}

static int pass(struct merge *m, struct err *e)
{
	WALK_AUTO walk = NULL;
	const struct walk_options how = { .directories_after = m->moving };
	struct walk_entry at;
	int rc;
	if (walk_open(m->how->from, &how, &walk, e))
		return -1;
	while ((rc = walk_next(walk, &at, e)) > 0) {
		if (at.after) {
			if (leave(m, &at, e))
				return -1;
			continue;
		}
		int below = take(m, &at, e);
		if (below < 0)
			return -1;
		if (below == 0)
			walk_skip(walk);
	}
	return rc;
}

int pack_merge(const struct pack_merge *how, struct err *e)
{
	struct merge m = { .how = how };
	struct file_stat st;
	if (file_stat(how->to, &st, e, "the directory"))
		return -1;
	m.dev = st.dev;
	m.mount_id = st.mount_id;
	int rc = pass(&m, e);
	m.moving = true;
	if (rc == 0)
		rc = pass(&m, e);
	mem_free(m.modes);
	return rc;
}
