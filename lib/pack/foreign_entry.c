/* Entries as libarchive has them, made ours. */
#include <string.h>

#include "base/mem.h"
#include "pack/foreign_parts.h"
#include "pack/names.h"

static enum entry_type type_of(struct archive_entry *from)
{
	if (archive_entry_hardlink(from))
		return ENTRY_TYPE_HARDLINK;
	switch (archive_entry_filetype(from)) {
	case AE_IFREG:
		return ENTRY_TYPE_FILE;
	case AE_IFDIR:
		return ENTRY_TYPE_DIR;
	case AE_IFLNK:
		return ENTRY_TYPE_SYMLINK;
	case AE_IFIFO:
		return ENTRY_TYPE_FIFO;
	case AE_IFCHR:
		return ENTRY_TYPE_CHAR;
	case AE_IFBLK:
		return ENTRY_TYPE_BLOCK;
	default:
		return ENTRY_TYPE_OTHER;
	}
}

static int take_xattrs(struct foreign *f, struct archive_entry *from, struct err *e)
{
	size_t count = (size_t)archive_entry_xattr_reset(from), bytes = 0;
	if (count > f->xattrs_cap) {
		f->xattrs = mem_grow(f->xattrs, count, sizeof(f->xattrs[0]));
		f->xattrs_cap = count;
	}
	f->entry.xattrs = f->xattrs;
	f->entry.xattr_count = 0;
	for (size_t i = 0; i < count; i++) {
		const char *name;
		const void *value;
		size_t size;
		if (archive_entry_xattr_next(from, &name, &value, &size) != ARCHIVE_OK)
			break;
		f->xattrs[i] = (struct entry_xattr){ str_of(name), str_from(value, size) };
		f->entry.xattr_count++;
		bytes += size + strlen(name);
	}
	if (bytes > f->limits.max_xattr_bytes)
		return err_set(e, ERR_KIND_DATA, "'%s': the attributes are larger than the limit",
		               names_show(f->entry.path).text);
	return 0;
}

/* Numbers that a header may give in ways no file has. */
static int take_numbers(struct foreign *f, struct archive_entry *from, struct err *e)
{
	struct entry *to = &f->entry;
	la_int64_t size = archive_entry_size(from);
	la_int64_t uid = archive_entry_uid(from), gid = archive_entry_gid(from);
	long ns = archive_entry_mtime_nsec(from);
	bool is_file = to->type == ENTRY_TYPE_FILE;
	if (is_file && (size < 0 || !archive_entry_size_is_set(from)))
		return err_set(e, ERR_KIND_DATA, "'%s': the size is negative or unknown",
		               names_show(to->path).text);
	if (uid < 0 || gid < 0 || ns < 0 || ns >= 1000000000)
		return err_set(e, ERR_KIND_DATA, "'%s': an owner or a time that cannot be",
		               names_show(to->path).text);
	to->size_bytes = is_file ? (uint64_t)size : 0;
	bool device = entry_is_device(to->type);
	to->dev_major = device ? (uint32_t)archive_entry_rdevmajor(from) : 0;
	to->dev_minor = device ? (uint32_t)archive_entry_rdevminor(from) : 0;
	to->uid = (uint64_t)uid;
	to->gid = (uint64_t)gid;
	to->mtime_s = archive_entry_mtime(from);
	to->mtime_ns = (uint32_t)ns;
	to->mode = archive_entry_perm(from) & 07777;
	return 0;
}

int foreign_take(struct foreign *f, struct archive_entry *from, struct err *e)
{
	struct entry *to = &f->entry;
	const char *path = archive_entry_pathname(from);
	*to = (struct entry){ .type = type_of(from), .path = str_of(path) };
	if (!path)
		return err_set(e, ERR_KIND_DATA, "an entry has no name that can be read");
	if (to->type == ENTRY_TYPE_HARDLINK)
		to->link = str_of(archive_entry_hardlink(from));
	if (to->type == ENTRY_TYPE_SYMLINK)
		to->link = str_of(archive_entry_symlink(from));
	if (to->type == ENTRY_TYPE_SYMLINK && to->link.len == 0)
		return err_set(e, ERR_KIND_DATA, "'%s': a symlink without a target",
		               names_show(to->path).text);
	to->uname = str_of(archive_entry_uname(from));
	to->gname = str_of(archive_entry_gname(from));
	return take_numbers(f, from, e) ? -1 : take_xattrs(f, from, e);
}
