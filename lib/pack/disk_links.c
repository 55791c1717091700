/* Hardlinks to files, made when the files are there; and symlinks, with the hardlinks to them, remembered until everything
 * else is: nothing can be written through a link that does not exist yet. When those are written down, a FIFO in the place
 * of each, with the number of its record for a time, keeps the place: whatever comes there later takes it away. */
#include <errno.h>

#include "base/mem.h"
#include "os/attr.h"
#include "os/dir.h"
#include "os/node.h"
#include "pack/disk_parts.h"
#include "pack/names.h"

size_t disk_links_add(struct disk *d, const struct entry *entry, struct str path, struct str target,
                      bool symlink)
{
	if (d->link_count == d->link_cap) {
		d->link_cap = d->link_cap ? 2 * d->link_cap : 64;
		d->links = mem_grow(d->links, d->link_cap, sizeof(d->links[0]));
	}
	struct disk_link *link = &d->links[d->link_count];
	*link = (struct disk_link){ .symlink = symlink, .attrs = disk_attrs_of(entry) };
	link->path_at = d->text.len;
	link->path_len = path.len;
	buf_add_str(&d->text, path);
	buf_add_char(&d->text, '\0');
	link->target_at = d->text.len;
	link->target_len = target.len;
	buf_add_str(&d->text, target);
	buf_add_char(&d->text, '\0');
	d->text_bytes += path.len + target.len;
	return d->link_count++;
}

static struct disk_late late_of(const struct disk *d, const struct disk_link *link)
{
	return (struct disk_late){
		.path = str_from(d->text.p + link->path_at, link->path_len),
		.target = str_from(d->text.p + link->target_at, link->target_len),
		.attrs = link->attrs,
		.symlink = link->symlink,
	};
}

static int fail(struct str path, struct err *e)
{
	if (e->sys_errno == EEXIST || e->sys_errno == ENAMETOOLONG || e->sys_errno == ENOENT)
		e->kind = ERR_KIND_DATA;
	return err_context(e, "unpack '%s'", names_show(path).text);
}

/* The last component; all components were checked to fit. */
static const char *name_of(struct str path)
{
	return names_last(path).p;
}

/* ---- made ---- */

/* Whether nothing came to the link's place since: 1, with the open directory, 0, -1. `number`: of its record, or 0 when
 * it was not written down. */
static int waits(struct disk *d, const struct disk_late *late, uint64_t number,
                 struct disk_dir **to, struct err *e)
{
	struct file_stat st;
	if (disk_dirs_need(d, names_parent(late->path), to, e))
		return -1;
	if (number == 0)
		return 1;
	if (dir_stat((*to)->fd, name_of(late->path), &st, e))
		return fail(late->path, e);
	return file_is_fifo(&st) && st.mtime_s == (int64_t)number;
}

static int free_place(const struct disk_dir *to, const char *name, uint64_t number, struct err *e)
{
	return number == 0 ? 0 : dir_unlink(to->fd, name, e);
}

static int make_symlink(struct disk *d, const struct disk_late *late, uint64_t number,
                        struct err *e)
{
	struct disk_dir *dir;
	const struct disk_attrs *a = &late->attrs;
	const char *name = name_of(late->path);
	int rc = waits(d, late, number, &dir, e);
	if (rc <= 0)
		return rc;
	if (free_place(dir, name, number, e) ||
	    node_make_symlink(dir->fd, name, late->target.p, e) ||
	    (d->options.same_owner &&
	     attr_set_owner_at(dir->fd, name, (uint32_t)a->uid, (uint32_t)a->gid, e)) ||
	    node_set_mtime_at(dir->fd, name, a->mtime_s, a->mtime_ns, e))
		return fail(late->path, e);
	return 1;
}

/* Whether there is something to lead to: 1; 0: not yet, it may become a symlink; -1. `last`: it is one by now. */
static int has_target(const struct disk_dir *from, const char *name, bool last, struct err *e)
{
	struct file_stat st;
	struct err why = ERR_INIT;
	if (dir_stat(from->fd, name, &st, &why) == 0)
		return file_is_regular(&st) || (last && file_is_symlink(&st));
	if (why.kind == ERR_KIND_NOT_FOUND)
		return 0;
	*e = why;
	return -1;
}

static int make_hardlink(struct disk *d, const struct disk_late *late, uint64_t number, bool last,
                         struct err *e)
{
	struct disk_dir *from, *to;
	const char *target = name_of(late->target), *name = name_of(late->path);
	int rc = waits(d, late, number, &to, e);
	if (rc <= 0)
		return rc;
	to->holds++;
	rc = disk_dirs_need(d, names_parent(late->target), &from, e);
	to->holds--;
	rc = rc ? -1 : has_target(from, target, last, e);
	if (rc == 0 && last)
		return disk_leads_nowhere(d, late->path, late->target, e);
	if (rc <= 0)
		return rc;
	if (free_place(to, name, number, e) ||
	    (node_make_link(from->fd, target, to->fd, name, e) &&
	     (disk_make_way(d, to->fd, name, e) ||
	      node_make_link(from->fd, target, to->fd, name, e))))
		return fail(late->path, e);
	return 1;
}

int disk_links_to_files(struct disk *d, struct err *e)
{
	for (; d->linked < d->link_count; d->linked++) {
		struct disk_link *link = &d->links[d->linked];
		const struct disk_late late = late_of(d, link);
		int rc = link->gone || link->symlink ? 0 : make_hardlink(d, &late, 0, false, e);
		if (rc < 0)
			return -1;
		link->gone |= rc > 0;
	}
	return 0;
}

/* When all files and hardlinks to files are there. */
static int make_last(struct disk *d, const struct disk_late *late, uint64_t number, struct err *e)
{
	int rc = late->symlink ? make_symlink(d, late, number, e)
	                       : make_hardlink(d, late, number, true, e);
	return rc < 0 ? -1 : 0;
}

static int make_known(struct disk *d, struct err *e)
{
	if (disk_links_to_files(d, e))
		return -1;
	for (size_t i = 0; i < d->link_count; i++) {
		const struct disk_late late = late_of(d, &d->links[i]);
		if (!d->links[i].gone && make_last(d, &late, 0, e))
			return -1;
	}
	return 0;
}

/* ---- written down ---- */

static int keep_place(struct disk *d, struct str path, uint64_t number, struct err *e)
{
	struct disk_dir *dir;
	const char *name = name_of(path);
	if (disk_dirs_need(d, names_parent(path), &dir, e))
		return -1;
	if ((node_make_fifo(dir->fd, name, e) &&
	     (disk_make_way(d, dir->fd, name, e) || node_make_fifo(dir->fd, name, e))) ||
	    node_set_mtime_at(dir->fd, name, (int64_t)number, 0, e))
		return fail(path, e);
	return 0;
}

int disk_links_settle(struct disk *d, struct err *e)
{
	if (disk_links_to_files(d, e))
		return -1;
	for (size_t i = 0; i < d->link_count; i++) {
		const struct disk_late late = late_of(d, &d->links[i]);
		if (d->links[i].gone)
			continue;
		if (keep_place(d, late.path, ++d->late_count, e) ||
		    disk_spill_add(&d->late_links, d->root, &late, e))
			return -1;
	}
	d->link_count = d->linked = 0;
	buf_clear(&d->text);
	return 0;
}

static int make_written(struct disk *d, struct err *e)
{
	struct disk_spill_cursor c = disk_spill_read(&d->late_links, 0, d->late_links.end);
	int rc;
	while ((rc = disk_spill_next(&c, e)) > 0)
		/* To get there directories become known again. */
		if (make_last(d, &c.late, c.number, e) || disk_settle_full(d, e))
			break;
	disk_spill_done(&c);
	return rc == 0 ? 0 : -1;
}

int disk_links_finish(struct disk *d, struct err *e)
{
	if (!d->settled)
		return make_known(d, e);
	return disk_links_settle(d, e) || disk_spill_flush(&d->late_links, d->root, e) ||
	                       make_written(d, e)
	               ? -1
	               : 0;
}
