/* What comes to which path, and what was there before. */
#include "pack/disk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "os/attr.h"
#include "os/dir.h"
#include "os/extent.h"
#include "os/file.h"
#include "os/node.h"
#include "os/sys.h"
#include "os/xattr.h"
#include "pack/disk_parts.h"
#include "pack/names.h"

enum {
	SYMLINK_MAX = 4095,
	KEPT = 32 * 1024, /* paths known in memory */
};

struct disk_attrs disk_attrs_of(const struct entry *entry)
{
	return (struct disk_attrs){
		.mode = entry->mode & 0777,
		.uid = entry->uid,
		.gid = entry->gid,
		.mtime_s = entry->mtime_s,
		.mtime_ns = entry->mtime_ns,
	};
}

int disk_attrs_set(const struct disk *d, int fd, const struct disk_attrs *a, uint32_t mode_is,
                   const char *what, struct err *e)
{
	if (d->options.same_owner &&
	    attr_set_owner(fd, (uint32_t)a->uid, (uint32_t)a->gid, e, what))
		return -1;
	if (a->mode != mode_is && attr_set_mode(fd, a->mode, e, what))
		return -1;
	return node_set_mtime(fd, a->mtime_s, a->mtime_ns, e, what);
}

/* What the umask, or a default ACL, leaves of a mode: asked once, of the file system itself. */
static int probe_granted(struct disk *d, struct err *e)
{
	char name[sizeof(DIR_TEMP_PREFIX) + 16] = DIR_TEMP_PREFIX;
	struct file_stat st;
	FD_AUTO fd = -1;
	sys_random_name(name + sizeof(DIR_TEMP_PREFIX) - 1);
	if (dir_create_file(d->root, name, 0777, &fd, e) || file_stat(fd, &st, e, name) ||
	    dir_unlink(d->root, name, e))
		return err_context(e, "unpack");
	d->granted = st.mode & 0777;
	return 0;
}

int disk_open(int root, const struct disk_options *options, struct disk **out, struct err *e)
{
	struct disk *d = mem_new(1, sizeof(*d));
	*out = d;
	d->options = *options;
	d->root = root;
	if (d->options.kept == 0)
		d->options.kept = KEPT;
	d->text = buf_make(SIZE_MAX / 2);
	disk_spill_init(&d->late_links);
	disk_spill_init(&d->late_dirs);
	pathset_init(&d->paths);
	disk_batch_init(d);
	if (disk_dirs_init(d, e) == 0 && probe_granted(d, e) == 0)
		return 0;
	disk_close(d);
	*out = NULL;
	return -1;
}

void disk_close(struct disk *d)
{
	if (!d)
		return;
	disk_batch_free(d);
	disk_dirs_free(d);
	pathset_free(&d->paths);
	buf_free(&d->text);
	disk_spill_free(&d->late_links);
	disk_spill_free(&d->late_dirs);
	mem_free(d->links);
	mem_free(d);
}

static int twice(struct str path, struct err *e)
{
	return err_set(e, ERR_KIND_DATA,
	               "'%s' is in the archive as a directory and as something else",
	               names_show(path).text);
}

int disk_make_way(const struct disk *d, int dirfd, const char *name, struct err *e)
{
	struct file_stat st;
	if (e->sys_errno != EEXIST)
		return -1;
	if (!d->settled) {
		e->kind = ERR_KIND_DATA;
		return -1;
	}
	err_clear(e);
	if (dir_stat(dirfd, name, &st, e))
		return -1;
	if (file_is_dir(&st))
		return err_set(e, ERR_KIND_DATA,
		               "it is in the archive as a directory and as something else");
	if (!file_is_regular(&st) && !file_is_fifo(&st))
		return err_set(e, ERR_KIND_DATA, "something is there that was not unpacked");
	return dir_unlink(dirfd, name, e);
}

/* Remove the file that the archive put at `path` before, when those that are linked to it are. */
static int remove_earlier(struct disk *d, struct str path, struct err *e)
{
	char name[DIR_NAME_MAX + 1];
	struct disk_dir *dir;
	if (disk_batch_drain(d, e) || disk_links_to_files(d, e) ||
	    disk_dirs_need(d, names_parent(path), &dir, e))
		return -1;
	if (str_copy(names_last(path), name, sizeof(name)))
		return twice(path, e);
	return dir_unlink(dir->fd, name, e);
}

/* `path` is about to be something that is no directory, with `value` in the set. */
static int claim(struct disk *d, struct str path, uint64_t value, struct err *e)
{
	uint64_t *before = pathset_find(&d->paths, path);
	if (!before) {
		pathset_put(&d->paths, path, value);
		return 0;
	}
	enum disk_kind kind = *before & 3;
	if (kind == DISK_DIR)
		return twice(path, e);
	if (kind != DISK_SYMLINK && remove_earlier(d, path, e))
		return -1;
	before = pathset_find(&d->paths, path);
	if (kind != DISK_FILE)
		d->links[*before >> 2].gone = true;
	*before = value;
	return 0;
}

static int check_owner(const struct disk *d, const struct entry *entry, struct str path,
                       struct err *e)
{
	if (!d->options.same_owner || (entry->uid < UINT32_MAX && entry->gid < UINT32_MAX))
		return 0;
	return err_set(e, ERR_KIND_DATA, "'%s': an owner that no file can have",
	               names_show(path).text);
}

/* The directory that `path` goes into. */
static int place(struct disk *d, const struct entry *entry, struct str path, struct disk_dir **dir,
                 struct err *e)
{
	if (path.len == 0)
		return err_set(e, ERR_KIND_DATA, "the archive's root is not a directory");
	if (check_owner(d, entry, path, e) || disk_settle_full(d, e))
		return -1;
	return disk_dirs_need(d, names_parent(path), dir, e);
}

static bool is_wanted_xattr(const struct entry_xattr *x)
{
	/* What an overlay file system keeps in user.* would be taken for its own. */
	return str_starts(x->name, S("user.")) && !str_starts(x->name, S("user.overlay."));
}

static int set_xattrs(int fd, const struct entry *entry, const char *what, struct err *e)
{
	for (size_t i = 0; i < entry->xattr_count; i++) {
		char name[256];
		const struct entry_xattr *x = &entry->xattrs[i];
		if (!is_wanted_xattr(x) || str_copy(x->name, name, sizeof(name)))
			continue;
		if (xattr_set(fd, name, x->value.p, x->value.len, e, what))
			return -1;
	}
	return 0;
}

int disk_dir(struct disk *d, const struct entry *entry, struct str path, struct err *e)
{
	struct disk_dir *dir;
	if (check_owner(d, entry, path, e) || disk_settle_full(d, e) ||
	    disk_dirs_need(d, path, &dir, e))
		return -1;
	dir->said = true;
	dir->attrs = disk_attrs_of(entry);
	progress_add(d->options.progress, 0, 1);
	return set_xattrs(dir->fd, entry, names_show(path).text, e);
}

int disk_symlink(struct disk *d, const struct entry *entry, struct str path, struct err *e)
{
	struct disk_dir *dir;
	if (entry->link.len > SYMLINK_MAX || memchr(entry->link.p, '\0', entry->link.len))
		return err_set(e, ERR_KIND_DATA, "'%s': a symlink's target that cannot be",
		               names_show(path).text);
	if (place(d, entry, path, &dir, e) ||
	    claim(d, path, DISK_SYMLINK | (uint64_t)d->link_count << 2, e))
		return -1;
	disk_links_add(d, entry, path, entry->link, true);
	return 0;
}

/* What the archive put at `path` before, and is not known any more: 1, *st; 0 nothing; -1. */
static int look(const struct disk *d, struct str path, struct file_stat *st, struct err *e)
{
	struct err why = ERR_INIT;
	MEM_AUTO char *text = d->settled ? mem_str(path) : NULL;
	if (!d->settled)
		return 0;
	if (dir_stat(d->root, text, st, &why) == 0)
		return 1;
	/* DATA: the way there leads through something that is no directory. */
	if (why.kind == ERR_KIND_NOT_FOUND || why.kind == ERR_KIND_DATA)
		return 0;
	*e = why;
	return -1;
}

/* Whether the hardlink `path` has something to lead to: 1, 0, -1. */
static int may_lead_to(struct disk *d, struct str target, struct str path, struct err *e)
{
	struct file_stat st;
	const uint64_t *value = pathset_find(&d->paths, target);
	if (str_eq(path, target))
		return 0;
	if (disk_is_aside(d, target))
		return 1;
	if (value)
		return (*value & 3) != DISK_DIR;
	int rc = look(d, target, &st, e);
	/* Before something else comes there the link has to be made. */
	if (rc > 0 && file_is_regular(&st))
		pathset_put(&d->paths, target, DISK_FILE);
	return rc > 0 ? !file_is_dir(&st) : rc;
}

void disk_aside(struct disk *d, uint32_t number, struct buf *out)
{
	char name[16];
	if (!d->aside[0]) {
		memcpy(d->aside, DIR_TEMP_PREFIX, sizeof(DIR_TEMP_PREFIX));
		sys_random_name(d->aside + sizeof(DIR_TEMP_PREFIX) - 1);
	}
	snprintf(name, sizeof(name), "/%x", number);
	buf_clear(out);
	buf_add_text(out, d->aside);
	buf_add_text(out, name);
}

bool disk_is_aside(const struct disk *d, struct str path)
{
	return d->aside[0] && names_within(path, str_of(d->aside));
}

int disk_leads_nowhere(const struct disk *d, struct str path, struct str target, struct err *e)
{
	if (disk_is_aside(d, target))
		return err_set(e, ERR_KIND_DATA,
		               "'%s' is a hardlink to no file that comes before it in the archive",
		               names_show(path).text);
	return err_set(e, ERR_KIND_DATA,
	               "'%s' is a hardlink to '%s', which is no file unpacked before it",
	               names_show(path).text, names_show(target).text);
}

int disk_hardlink(struct disk *d, const struct entry *entry, struct str path, struct str target,
                  struct err *e)
{
	struct disk_dir *dir;
	int may = may_lead_to(d, target, path, e);
	if (may <= 0)
		return may < 0 ? -1 : disk_leads_nowhere(d, path, target, e);
	if (place(d, entry, path, &dir, e) ||
	    claim(d, path, DISK_HARDLINK | (uint64_t)d->link_count << 2, e))
		return -1;
	disk_links_add(d, entry, path, target, false);
	return 0;
}

int disk_small(struct disk *d, const struct entry *entry, struct str path, struct flow_group *group,
               const void *content, const unsigned char *sha256, struct err *e)
{
	struct disk_dir *dir;
	if (place(d, entry, path, &dir, e) || claim(d, path, DISK_FILE, e))
		return -1;
	/* Making way for it may have closed the directory. */
	if (dir->fd < 0 && disk_dirs_need(d, names_parent(path), &dir, e))
		return -1;
	return disk_batch_add(d, dir, names_last(path), entry, group, content, sha256, e);
}

int disk_file_open(struct disk *d, const struct entry *entry, struct str path, struct disk_file *f,
                   struct err *e)
{
	char name[DIR_NAME_MAX + 1];
	struct disk_dir *dir;
	*f = (struct disk_file){ .fd = -1 };
	if (place(d, entry, path, &dir, e) || claim(d, path, DISK_FILE, e))
		return -1;
	if (dir->fd < 0 && disk_dirs_need(d, names_parent(path), &dir, e))
		return -1;
	if (str_copy(names_last(path), name, sizeof(name)))
		return twice(path, e);
	if (dir_create_file(dir->fd, name, entry->mode & 0777, &f->fd, e) &&
	    (disk_make_way(d, dir->fd, name, e) ||
	     dir_create_file(dir->fd, name, entry->mode & 0777, &f->fd, e)))
		return err_context(e, "unpack '%s'", names_show(path).text);
	return 0;
}

int disk_file_write(struct disk *d, struct disk_file *f, const void *p, size_t len, uint64_t offset,
                    struct err *e)
{
	if (file_pwrite(f->fd, p, len, offset, e, "content"))
		return -1;
	f->end = offset + len;
	progress_add(d->options.progress, len, 0);
	return 0;
}

int disk_file_close(struct disk *d, struct disk_file *f, const struct entry *entry, struct err *e)
{
	struct disk_attrs attrs = disk_attrs_of(entry);
	if ((f->end < entry->size_bytes && extent_set_size(f->fd, entry->size_bytes, e, "file")) ||
	    set_xattrs(f->fd, entry, "file", e) ||
	    disk_attrs_set(d, f->fd, &attrs, attrs.mode & d->granted, "file", e))
		return -1;
	progress_add(d->options.progress, 0, 1);
	return file_close(file_take(&f->fd), e);
}

void disk_file_abandon(struct disk_file *f)
{
	file_close_auto(&f->fd);
}

int disk_has(const struct disk *d, struct str path, struct err *e)
{
	struct file_stat st;
	return pathset_find(&d->paths, path) ? 1 : look(d, path, &st, e);
}

int disk_drain(struct disk *d, struct err *e)
{
	return disk_batch_drain(d, e);
}

int disk_finish(struct disk *d, struct err *e)
{
	if (disk_batch_drain(d, e) || disk_links_finish(d, e) || disk_settle_dirs(d, e))
		return -1;
	return 0;
}
