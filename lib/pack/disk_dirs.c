/* Every directory that was made, and the descriptors of those used last. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "os/attr.h"
#include "os/dir.h"
#include "os/file.h"
#include "os/node.h"
#include "pack/disk_parts.h"
#include "pack/names.h"

enum { OPEN_MAX = 200, PRIVATE = 0700 };

static struct disk_dir *add(struct disk *d, struct str path)
{
	struct disk_dirs *t = &d->dirs;
	if (t->count == t->cap) {
		t->cap = t->cap ? 2 * t->cap : 64;
		t->list = mem_grow(t->list, t->cap, sizeof(t->list[0]));
	}
	struct disk_dir *dir = mem_new(1, sizeof(*dir));
	dir->path = mem_str(path);
	dir->fd = -1;
	pathset_put(&d->paths, path, DISK_DIR | (uint64_t)t->count << 2);
	t->list[t->count++] = dir;
	return dir;
}

int disk_dirs_init(struct disk *d, struct err *e)
{
	struct disk_dir *root = add(d, S(""));
	struct file_stat st;
	root->holds = 1;
	if (dir_open(d->root, "", &root->fd, e) || file_stat(root->fd, &st, e, "."))
		return -1;
	d->dirs.dev = st.dev;
	d->dirs.mount_id = st.mount_id;
	return 0;
}

/* Open a directory that was made here. Nothing that was mounted on it meanwhile is written to. */
static int open_made(const struct disk *d, int at, const char *path, int *fd, struct err *e)
{
	struct file_stat st;
	if (dir_open(at, path, fd, e) || file_stat(*fd, &st, e, path))
		return -1;
	if (st.dev == d->dirs.dev && st.mount_id == d->dirs.mount_id)
		return 0;
	return err_set(e, ERR_KIND_DATA, "open %s: something was mounted there", path);
}

void disk_dirs_free(struct disk *d)
{
	for (size_t i = 0; i < d->dirs.count; i++) {
		file_close_auto(&d->dirs.list[i]->fd);
		mem_free(d->dirs.list[i]->path);
		mem_free(d->dirs.list[i]);
	}
	mem_free(d->dirs.list);
}

/* Close one descriptor that nobody needs; false when all are needed. */
static bool close_one(struct disk_dirs *t)
{
	for (size_t i = 0; i < t->count; i++) {
		t->hand = (t->hand + 1) % t->count;
		struct disk_dir *dir = t->list[t->hand];
		if (dir->fd < 0 || dir->holds > 0)
			continue;
		file_close_auto(&dir->fd);
		dir->fd = -1;
		t->open--;
		return true;
	}
	return false;
}

/* Room for one descriptor more. Workers that hold too many are waited for. */
static int make_room(struct disk *d, struct err *e)
{
	if (d->dirs.open < OPEN_MAX || close_one(&d->dirs))
		return 0;
	if (disk_batch_drain(d, e))
		return -1;
	close_one(&d->dirs);
	return 0;
}

static int open_again(struct disk *d, struct disk_dir *dir, struct err *e)
{
	FD_AUTO fd = -1;
	if (dir->fd >= 0)
		return 0;
	if (make_room(d, e) || open_made(d, d->root, dir->path, &fd, e))
		return err_context(e, "unpack below '%s'", names_show(str_of(dir->path)).text);
	dir->fd = file_take(&fd);
	d->dirs.open++;
	return 0;
}

/* Make the directory `path`, whose parent is `parent`. It is ours alone until disk_dirs_finish. */
static int make(struct disk *d, struct disk_dir *parent, struct str path, struct disk_dir **out,
                struct err *e)
{
	char name[DIR_NAME_MAX + 1];
	FD_AUTO fd = -1;
	parent->holds++;
	int rc = open_again(d, parent, e) || make_room(d, e) ? -1 : 0;
	parent->holds--;
	if (rc || str_copy(names_last(path), name, sizeof(name)))
		return rc ? -1
		          : err_set(e, ERR_KIND_DATA, "'%s': no name for a directory",
		                    names_show(path).text);
	if (node_make_dir(parent->fd, name, PRIVATE, e) || open_made(d, parent->fd, name, &fd, e)) {
		if (e->sys_errno == EEXIST)
			e->kind = ERR_KIND_DATA;
		return err_context(e, "unpack '%s'", names_show(path).text);
	}
	*out = add(d, path);
	(*out)->fd = file_take(&fd);
	d->dirs.open++;
	return 0;
}

/* The directory at `path` if there is one: 1, 0 nothing is there, -1 something else is. */
static int known(struct disk *d, struct str path, struct disk_dir **out, struct err *e)
{
	const uint64_t *value = pathset_find(&d->paths, path);
	bool file = d->options.ascending && path.len > 0 && str_eq(buf_str(&d->last_file), path);
	if (!value && !file)
		return 0;
	enum disk_kind kind = file ? DISK_FILE : *value & 3;
	if (kind != DISK_DIR)
		return err_set(e, ERR_KIND_DATA,
		               "'%s' is in the archive as a %s and as a directory",
		               names_show(path).text, kind == DISK_SYMLINK ? "symlink" : "file");
	*out = d->dirs.list[*value >> 2];
	return 1;
}

int disk_dirs_need(struct disk *d, struct str path, struct disk_dir **out, struct err *e)
{
	struct disk_dir *dir = NULL;
	struct str above = path;
	int rc;
	while ((rc = known(d, above, &dir, e)) == 0)
		above = names_parent(above);
	if (rc < 0)
		return -1;
	/* Down again, a component at a time. */
	while (above.len < path.len) {
		size_t len = above.len + (above.len > 0);
		while (len < path.len && path.p[len] != '/')
			len++;
		above = str_head(path, len);
		if (make(d, dir, above, &dir, e))
			return -1;
	}
	*out = dir;
	return open_again(d, dir, e);
}

/* Below comes before above: a path sorts behind what it starts with. */
static int deepest_first(const void *a, const void *b)
{
	const struct disk_dir *x = *(struct disk_dir *const *)a, *y = *(struct disk_dir *const *)b;
	return strcmp(y->path, x->path);
}

static int dress(struct disk *d, struct disk_dir *dir, struct err *e)
{
	bool is_root = dir->path[0] == '\0';
	const char *what = is_root ? "." : dir->path;
	/* A root that the archive does not name is the caller's as it is. */
	if (is_root && !dir->said)
		return 0;
	if (open_again(d, dir, e))
		return -1;
	if (!dir->said) /* as mkdir would have made it */
		return attr_set_mode(dir->fd, d->granted, e, what);
	return disk_attrs_set(d, dir->fd, &dir->attrs, is_root ? UINT32_MAX : PRIVATE, what, e);
}

int disk_dirs_finish(struct disk *d, struct err *e)
{
	struct disk_dirs *t = &d->dirs;
	qsort(t->list, t->count, sizeof(t->list[0]), deepest_first);
	for (size_t i = 0; i < t->count; i++)
		if (dress(d, t->list[i], e))
			return -1;
	return 0;
}
