/* Regular files: header, content, and what happens when a file is not what it was a moment ago. */
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "os/dir.h"
#include "os/extent.h"
#include "os/sys.h"
#include "pack/names.h"
#include "pack/writer_parts.h"

enum { SPARSE_MIN = 64 * 1024, READ_OTHERS = 04, READ_GROUP = 040 };

/* A file while it is being stored. */
struct content {
	int fd;
	const char *name;
	struct tar_head head;
	bool short_of;   /* ended before its size */
	bool whole;      /* in one group */
	bool unreadable; /* reading failed, with `why` */
	struct err why;
	struct digest_sha256 digest;
};

static void add_extent(struct writer *w, size_t count, uint64_t start, uint64_t end)
{
	if (count == w->extents_cap) {
		w->extents_cap = w->extents_cap ? 2 * w->extents_cap : 64;
		w->extents = mem_grow(w->extents, w->extents_cap, sizeof(w->extents[0]));
	}
	w->extents[count] = (struct entry_extent){ start, end - start };
}

/* Join every extent with its neighbour: half as many, the holes between them stored as zeros. */
static size_t halve(struct writer *w, size_t count)
{
	size_t n = 0;
	for (size_t i = 0; i < count; i += 2) {
		struct entry_extent x = w->extents[i];
		if (i + 1 < count)
			x.len = w->extents[i + 1].offset + w->extents[i + 1].len - x.offset;
		w->extents[n++] = x;
	}
	return n;
}

/* Where the data of a file with holes lies. entry->extents stays NULL when there are none. */
static int find_extents(struct writer *w, int fd, const char *name, struct entry *entry,
                        struct err *e)
{
	uint64_t at = 0, start, end, data = 0;
	size_t count = 0;
	int rc = 0;
	while (at < entry->size_bytes && (rc = extent_next(fd, at, &start, &end, e, name)) > 0) {
		end = end < entry->size_bytes ? end : entry->size_bytes;
		if (start >= end)
			break;
		if (count == TAR_EXTENTS_MAX)
			count = halve(w, count);
		add_extent(w, count++, start, end);
		at = end;
	}
	if (rc < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		data += w->extents[i].len;
	if (data == entry->size_bytes)
		return 0;
	/* A hole at the end is said by an empty extent there, as GNU tar does. */
	if (at < entry->size_bytes || count == 0)
		add_extent(w, count++, entry->size_bytes, entry->size_bytes);
	entry->extents = w->extents;
	entry->extent_count = count;
	return 0;
}

/* `len` bytes of the file from `offset` into `out`; what is missing at its end becomes zeros. */
static int read_part(struct content *c, uint64_t offset, unsigned char *out, size_t len)
{
	size_t got = 0;
	if (!c->unreadable && file_pread(c->fd, out, len, offset, &got, &c->why, c->name)) {
		c->unreadable = true;
		memset(out, 0, len);
		return -1;
	}
	if (got < len) {
		memset(out + got, 0, len - got);
		c->short_of = true;
	}
	return 0;
}

/* Read one run of data into the groups, cutting where they are full. */
static int store_run(struct writer *w, struct content *c, uint64_t offset, uint64_t len,
                     struct err *e)
{
	while (len > 0) {
		size_t room;
		unsigned char *at = press_at(w->press, &room);
		if (room == 0) {
			if (press_cut(w->press, e))
				return -1;
			continue;
		}
		size_t n = len < room ? (size_t)len : room;
		/* Of a large file the header is out: the rest has to be there, and is zeros. */
		if (read_part(c, offset, at, n) &&
		    (c->whole || writer_trouble(w, c->head.entry.path, &c->why, e)))
			return -1;
		if (!c->whole)
			digest_sha256_add(&c->digest, at, n);
		press_grew(w->press, n);
		progress_add(w->options->progress, n, 0);
		offset += n;
		len -= n;
	}
	return 0;
}

static int store_data(struct writer *w, struct content *c, struct err *e)
{
	const struct entry *entry = &c->head.entry;
	if (!entry->extents)
		return store_run(w, c, 0, entry->size_bytes, e);
	for (size_t i = 0; i < entry->extent_count; i++)
		if (store_run(w, c, entry->extents[i].offset, entry->extents[i].len, e))
			return -1;
	return 0;
}

/* Zeros up to a whole block. Cuts lie on blocks, so there is room. */
static void pad(struct writer *w, uint64_t stored)
{
	size_t room, n = (size_t)(tar_padded(stored) - stored);
	memset(press_at(w->press, &room), 0, n);
	press_grew(w->press, n);
}

/* Header and content. A file that fits in one group is taken back when it cannot be read; of a larger one the header
 * may be out. */
static int store(struct writer *w, struct content *c, struct err *e)
{
	unsigned char sha256[DIGEST_SHA256_LEN];
	size_t room, head_len = w->header.len;
	uint64_t total = c->head.head_bytes + tar_padded(c->head.stored_bytes);
	if (press_begin(w->press, total, head_len, e))
		return -1;
	memcpy(press_at(w->press, &room), w->header.p, head_len);
	c->whole = total <= room;
	press_grew(w->press, head_len);
	if (!c->whole) {
		press_entry(w->press, &c->head, false);
		digest_sha256_init(&c->digest);
		digest_sha256_add(&c->digest, w->header.p + c->head.head_bytes,
		                  (size_t)c->head.map_bytes);
	}
	if (store_data(w, c, e))
		return -1;
	pad(w, c->head.stored_bytes);
	if (c->whole) {
		press_entry(w->press, &c->head, true);
		return 0;
	}
	digest_sha256_out(&c->digest, sha256);
	press_hash(w->press, sha256);
	return 0;
}

/* Whether someone wrote to the file meanwhile. */
static void compare(struct writer *w, const struct content *c, const struct file_stat *before)
{
	struct file_stat now;
	struct err why = ERR_INIT;
	bool same = file_stat(c->fd, &now, &why, c->name) == 0 &&
	            now.size_bytes == before->size_bytes && now.mtime_s == before->mtime_s &&
	            now.mtime_ns == before->mtime_ns && now.ctime_s == before->ctime_s &&
	            now.ctime_ns == before->ctime_ns;
	if (same && !c->short_of)
		return;
	err_clear(&why);
	err_set(&why, ERR_KIND_FAILED, "'%s' changed while it was read%s",
	        names_show(c->head.entry.path).text,
	        c->short_of ? "; it became shorter and was filled with zeros" : "");
	w->result->changed++;
	writer_notice(w, &why);
}

/* Everything that is asked of the file before its header can be made. */
static int prepare(struct writer *w, struct content *c, struct writer_item *item, struct err *e)
{
	struct entry entry;
	if (file_stat(c->fd, &item->stat, e, item->name))
		return -1;
	entry = writer_entry(w, item);
	entry.size_bytes = item->stat.size_bytes;
	if (writer_xattrs(w, c->fd, item->name, &entry, e))
		return -1;
	/* Where holes lie is the file system's doing: the same tree on another one may have others, or none. */
	bool holes = !w->options->reproducible && item->stat.allocated_bytes < entry.size_bytes &&
	             entry.size_bytes >= SPARSE_MIN;
	if (holes && find_extents(w, c->fd, item->name, &entry, e))
		return -1;
	buf_clear(&w->header);
	return tar_format(&entry, &w->scratch, &w->header, &c->head, e);
}

static int store_link(struct writer *w, const struct writer_item *item, struct str first,
                      struct err *e)
{
	struct entry entry = writer_entry(w, item);
	entry.type = ENTRY_TYPE_HARDLINK;
	entry.link = first;
	return writer_header(w, &entry, e);
}

/* A name that the owner of the directory could give to a file that he may not read: root would read it for him, and what
 * is restored would be his. */
static bool is_borrowed(const struct writer_item *item)
{
	struct file_stat dir;
	struct err none = ERR_INIT;
	const struct file_stat *st = &item->stat;
	if (sys_uid() != 0 || st->nlink < 2 || st->mode & READ_OTHERS ||
	    file_stat(item->dirfd, &dir, &none, "."))
		return false;
	return dir.uid != 0 && st->uid != dir.uid && !(st->gid == dir.gid && st->mode & READ_GROUP);
}

static int leave_borrowed(struct writer *w, const struct writer_item *item)
{
	struct err why = ERR_INIT;
	err_set(&why, ERR_KIND_FAILED,
	        "'%s' is left out: a hardlink to a file that the owner of its directory may not read",
	        names_show(item->path).text);
	w->result->skipped++;
	writer_notice(w, &why);
	return 0;
}

bool writer_special(const struct file_stat *st, struct entry *entry)
{
	bool block;
	entry->type = ENTRY_TYPE_FIFO;
	if (file_is_fifo(st))
		return true;
	if (!file_is_device(st, &block, &entry->dev_major, &entry->dev_minor))
		return false;
	entry->type = block ? ENTRY_TYPE_BLOCK : ENTRY_TYPE_CHAR;
	return entry->dev_major <= TAR_DEVICE_MAX && entry->dev_minor <= TAR_DEVICE_MAX;
}

static void remember(struct writer *w, const struct writer_item *item)
{
	struct err why = ERR_INIT;
	if (!linkmap_put(&w->links, item->stat.dev, item->stat.ino, item->stat.nlink, item->path))
		return;
	err_set(&why, ERR_KIND_FAILED,
	        "'%s': there are more hardlinked files than are remembered at the same time; "
	        "names that are far apart are stored as files of their own",
	        names_show(item->path).text);
	writer_notice(w, &why);
}

int writer_file(struct writer *w, const struct writer_item *seen, struct err *e)
{
	struct writer_item item = *seen;
	struct err why = ERR_INIT;
	bool several = item.stat.nlink > 1;
	struct str first = { "", 0 };
	if (several)
		first = linkmap_find(&w->links, item.stat.dev, item.stat.ino);
	if (first.len > 0)
		return store_link(w, &item, first, e);
	if (is_borrowed(&item))
		return leave_borrowed(w, &item);
	FD_AUTO fd = -1;
	struct content c = { .name = item.name };
	if (dir_open_file(item.dirfd, item.name, &fd, &why))
		return writer_trouble(w, item.path, &why, e);
	c.fd = fd;
	if (prepare(w, &c, &item, &why))
		return writer_trouble(w, item.path, &why, e);
	if (store(w, &c, e)) {
		if (!c.whole || !c.unreadable)
			return -1;
		press_undo(w->press);
		return writer_trouble(w, item.path, &c.why, e);
	}
	compare(w, &c, &item.stat);
	if (several)
		remember(w, &item);
	w->result->entries++;
	w->result->files++;
	w->result->content_bytes += item.stat.size_bytes;
	progress_add(w->options->progress, 0, 1);
	return 0;
}
