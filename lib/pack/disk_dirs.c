/* The directories that are known, and the descriptors of those used last. */
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
	d->text_bytes += path.len;
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

int disk_dirs_open(const struct disk *d, int at, const char *path, int *fd, struct err *e)
{
	struct file_stat st;
	if (dir_open(at, path, fd, e) || file_stat(*fd, &st, e, path))
		return -1;
	if (st.dev == d->dirs.dev && st.mount_id == d->dirs.mount_id)
		return 0;
	return err_set(e, ERR_KIND_DATA, "open %s: something was mounted there", path);
}

static void forget(struct disk_dirs *t, size_t kept)
{
	for (size_t i = kept; i < t->count; i++) {
		file_close_auto(&t->list[i]->fd);
		mem_free(t->list[i]->path);
		mem_free(t->list[i]);
	}
	t->count = kept;
	t->open = t->hand = 0;
}

void disk_dirs_free(struct disk *d)
{
	forget(&d->dirs, 0);
	mem_free(d->dirs.list);
}

void disk_dirs_forget(struct disk *d)
{
	forget(&d->dirs, 1);
	d->text_bytes = 0;
	pathset_clear(&d->paths);
	pathset_put(&d->paths, S(""), DISK_DIR);
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
	if (make_room(d, e) || disk_dirs_open(d, d->root, dir->path, &fd, e))
		return err_context(e, "unpack below '%s'", names_show(str_of(dir->path)).text);
	dir->fd = file_take(&fd);
	d->dirs.open++;
	return 0;
}

/* Make it, or open the one that was made here and forgotten. */
static int make_new(const struct disk *d, int at, const char *name, bool *made, int *fd,
                    struct err *e)
{
	*made = node_make_dir(at, name, PRIVATE, e) == 0;
	if (*made || e->sys_errno != EEXIST || !d->settled)
		return *made ? disk_dirs_open(d, at, name, fd, e) : -1;
	err_clear(e);
	if (disk_dirs_open(d, at, name, fd, e) == 0)
		return 0;
	return e->kind != ERR_KIND_DATA
	               ? -1
	               : err_context(e, "it is in the archive as something else as well");
}

/* Make the directory `path`, whose parent is `parent`. It is ours alone until disk_settle_dirs. */
static int make(struct disk *d, struct disk_dir *parent, struct str path, struct disk_dir **out,
                struct err *e)
{
	char name[DIR_NAME_MAX + 1];
	bool made;
	FD_AUTO fd = -1;
	parent->holds++;
	int rc = open_again(d, parent, e) || make_room(d, e) ? -1 : 0;
	parent->holds--;
	if (rc || str_copy(names_last(path), name, sizeof(name)))
		return rc ? -1
		          : err_set(e, ERR_KIND_DATA, "'%s': no name for a directory",
		                    names_show(path).text);
	if (make_new(d, parent->fd, name, &made, &fd, e)) {
		if (e->sys_errno == EEXIST)
			e->kind = ERR_KIND_DATA;
		return err_context(e, "unpack '%s'", names_show(path).text);
	}
	*out = add(d, path);
	(*out)->made = made;
	(*out)->fd = file_take(&fd);
	d->dirs.open++;
	return 0;
}

/* The directory at `path` if there is one: 1, 0 nothing is there, -1 something else is. */
static int known(struct disk *d, struct str path, struct disk_dir **out, struct err *e)
{
	const uint64_t *value = pathset_find(&d->paths, path);
	if (!value)
		return 0;
	enum disk_kind kind = *value & 3;
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

void disk_dirs_sort(struct disk *d)
{
	qsort(d->dirs.list + 1, d->dirs.count - 1, sizeof(d->dirs.list[0]), deepest_first);
}
