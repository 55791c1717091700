/* An object of the store into the tree. */
#include <string.h>

#include "base/codec.h"
#include "base/mem.h"
#include "os/attr.h"
#include "os/dir.h"
#include "os/node.h"
#include "os/remove.h"
#include "ws/confined.h"
#include "ws/part.h"

enum { COPY_BYTES = 256 * 1024 };

/* Remove what is at `path` below `root`. */
static int clear(int root, const char *path, struct err *e)
{
	FD_AUTO parent = -1;
	char name[DIR_NAME_MAX + 1];
	struct err why = ERR_INIT;
	if (dir_open_parent(root, path, &parent, name, &why) == 0)
		return remove_tree(parent, name, NULL, e);
	if (why.kind == ERR_KIND_NOT_FOUND)
		return 0;
	*e = why;
	return -1;
}

static int restore_tree(int root, const struct part *p, struct source *source,
                        struct progress *progress, struct part_restored *out, struct err *e)
{
	FD_AUTO fd = -1;
	bool is_root = str_is(str_of(p->path), ".");
	const struct limits limits = limits_of_ours();
	const struct extract_options options = { .limits = &limits, .progress = progress };
	struct extract_result result = { .entries = 0 };
	if ((!is_root && clear(root, p->path, e) != 0) ||
	    dir_make(root, p->path, 0755, &fd, e) != 0 ||
	    confined_extract(source, fd, &options, &result, e) != 0)
		return -1;
	out->entries = result.entries;
	out->content_bytes = result.content_bytes;
	return p->def->is_private ? part_private_set(fd, e) : 0;
}

/* The copy of the file that an earlier part brought, in an archive that knows its mode and its time. */
struct old_copy {
	int fd; /* -1: there is none */
	struct file_stat stat;
	bool same; /* up to now its bytes are those of the object */
};

static void open_old(int root, const char *path, struct old_copy *old)
{
	struct err ignored = ERR_INIT;
	if (dir_open_file(root, path, &old->fd, &ignored) != 0)
		old->fd = -1;
	else if (file_stat(old->fd, &old->stat, &ignored, path) != 0)
		file_close_auto(&old->fd);
	old->same = old->fd >= 0;
}

static void close_old(struct old_copy *old)
{
	file_close_auto(&old->fd);
}

static void compare(struct old_copy *old, const char *bytes, size_t len, uint64_t offset,
                    char *scratch)
{
	size_t got = 0;
	struct err ignored = ERR_INIT;
	old->same = old->same &&
	            file_pread(old->fd, scratch, len, offset, &got, &ignored, "old copy") == 0 &&
	            got == len && memcmp(bytes, scratch, len) == 0;
}

static int copy(struct source *source, int fd, const char *name, struct progress *progress,
                struct old_copy *old, uint64_t *copied, struct err *e)
{
	MEM_AUTO char *bytes = mem_new(2, COPY_BYTES);
	for (*copied = 0;;) {
		size_t got;
		if (source->read_at(source, *copied, bytes, COPY_BYTES, &got, e) != 0 ||
		    file_write(fd, bytes, got, e, name) != 0)
			return -1;
		compare(old, bytes, got, *copied, bytes + COPY_BYTES);
		*copied += got;
		progress_add(progress, got, 0);
		if (got < COPY_BYTES)
			break;
	}
	if (!source->size_known || *copied == source->id.size_bytes)
		return 0;
	return err_set(e, ERR_KIND_DATA, "%s: %llu bytes came, %llu were promised", name,
	               (unsigned long long)*copied, (unsigned long long)source->id.size_bytes);
}

/* A bare object has neither mode nor time: what is known of the file from elsewhere stays. */
static int keep_metadata(const struct old_copy *old, int fd, const char *name, uint64_t size_bytes,
                         struct err *e)
{
	if (old->fd < 0)
		return 0;
	if (attr_set_mode(fd, old->stat.mode & 0777, e, name) != 0)
		return -1;
	if (!old->same || old->stat.size_bytes != size_bytes)
		return 0;
	return node_set_mtime(fd, old->stat.mtime_s, old->stat.mtime_ns, e, name);
}

static int restore_file(int root, const struct part *p, struct source *source,
                        struct progress *progress, struct part_restored *out, struct err *e)
{
	FD_AUTO parent = -1, fd = -1, made = -1;
	AUTO(close_old) struct old_copy old;
	char name[DIR_NAME_MAX + 1];
	struct str above, ignored;
	str_cut_last(str_of(p->path), '/', &above, &ignored);
	MEM_AUTO char *directory = mem_str(above);
	open_old(root, p->path, &old);
	if (dir_make(root, directory, 0755, &made, e) != 0 || clear(root, p->path, e) != 0 ||
	    dir_open_parent(root, p->path, &parent, name, e) != 0 ||
	    dir_create_file(parent, name, p->def->file_mode, &fd, e) != 0 ||
	    copy(source, fd, name, progress, &old, &out->content_bytes, e) != 0 ||
	    keep_metadata(&old, fd, name, out->content_bytes, e) != 0)
		return -1;
	out->entries = 1;
	return file_close(file_take(&fd), e);
}

int part_restore(int root, const struct part *p, struct source *source, struct progress *progress,
                 struct part_restored *out, struct err *e)
{
	PART_HASH_AUTO hash;
	*out = (struct part_restored){ .entries = 0 };
	part_hash_init(&hash, source);
	int result = p->def->is_file ? restore_file(root, p, &hash.base, progress, out, e)
	                             : restore_tree(root, p, &hash.base, progress, out, e);
	part_hash_text(&hash, out->sha256);
	return result;
}
