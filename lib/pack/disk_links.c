/* Hardlinks and symlinks, remembered until every file is there: nothing can be written through a link that does not
 * exist yet. */
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
	return d->link_count++;
}

static struct str path_of(const struct disk *d, const struct disk_link *link)
{
	return str_from(d->text.p + link->path_at, link->path_len);
}

static struct str target_of(const struct disk *d, const struct disk_link *link)
{
	return str_from(d->text.p + link->target_at, link->target_len);
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

static int make_symlink(struct disk *d, const struct disk_link *link, struct err *e)
{
	struct disk_dir *dir;
	const struct disk_attrs *a = &link->attrs;
	struct str path = path_of(d, link);
	const char *name = name_of(path);
	if (disk_dirs_need(d, names_parent(path), &dir, e))
		return -1;
	if (node_make_symlink(dir->fd, name, d->text.p + link->target_at, e) ||
	    (d->options.same_owner &&
	     attr_set_owner_at(dir->fd, name, (uint32_t)a->uid, (uint32_t)a->gid, e)) ||
	    node_set_mtime_at(dir->fd, name, a->mtime_s, a->mtime_ns, e))
		return fail(path, e);
	return 0;
}

static int make_hardlink(struct disk *d, const struct disk_link *link, struct err *e)
{
	struct disk_dir *from, *to;
	struct str path = path_of(d, link), target = target_of(d, link);
	if (disk_dirs_need(d, names_parent(target), &from, e))
		return -1;
	from->holds++;
	int rc = disk_dirs_need(d, names_parent(path), &to, e);
	from->holds--;
	if (rc)
		return -1;
	if (node_make_link(from->fd, name_of(target), to->fd, name_of(path), e))
		return fail(path, e);
	return 0;
}

/* Whether what `link` leads to, over hardlinks, is a symlink. Each leads to one that came before it. */
static bool leads_to_symlink(const struct disk *d, const struct disk_link *link)
{
	for (;;) {
		const uint64_t *value = pathset_find(&d->paths, target_of(d, link));
		if (!value || (*value & 3) != DISK_HARDLINK)
			return value && (*value & 3) == DISK_SYMLINK;
		const struct disk_link *next = &d->links[*value >> 2];
		if (next >= link)
			return false;
		link = next;
	}
}

static int make_hardlinks(struct disk *d, bool to_symlinks, struct err *e)
{
	for (size_t i = 0; i < d->link_count; i++) {
		struct disk_link *link = &d->links[i];
		if (link->symlink || link->gone || leads_to_symlink(d, link) != to_symlinks)
			continue;
		if (make_hardlink(d, link, e))
			return -1;
	}
	return 0;
}

int disk_links_finish(struct disk *d, struct err *e)
{
	if (buf_check(&d->text, e, "the list of links"))
		return -1;
	if (make_hardlinks(d, false, e))
		return -1;
	for (size_t i = 0; i < d->link_count; i++)
		if (d->links[i].symlink && !d->links[i].gone && make_symlink(d, &d->links[i], e))
			return -1;
	return make_hardlinks(d, true, e);
}
