/* The writer's first half: walk the tree, make headers, read content. The walk, the reading and the writing to the sink
 * happen in the calling thread; hashing and compressing in others (press). */
#include "pack/writer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "os/dir.h"
#include "os/sys.h"
#include "os/xattr.h"
#include "pack/names.h"
#include "pack/writer_parts.h"

enum {
	LEVEL_DEFAULT = 6,
	LEVEL_DEFAULT_GATHERED = 5, /* about the same size: what gathering saves pays for it */
	LEVEL_DEFAULT_ZSTD = 3,
	NAME_BYTES_MAX = 32 * 1024,
	ATTR_BYTES_MAX = 64 * 1024
};

void writer_notice(struct writer *w, const struct err *why)
{
	if (w->options->notice)
		w->options->notice(w->options->notice_ctx, why);
}

int writer_trouble(struct writer *w, struct str path, struct err *why, struct err *e)
{
	bool vanished = why->kind == ERR_KIND_NOT_FOUND;
	/* What counts for the caller is that the tree could not be read, whatever the reason. */
	why->kind = ERR_KIND_IO;
	err_context(why, "archive '%s'", names_show(path.len > 0 ? path : S(".")).text);
	if (!vanished && !w->options->keep_going) {
		*e = *why;
		return -1;
	}
	if (vanished)
		w->result->changed++;
	else
		w->result->unreadable++;
	writer_notice(w, why);
	return 0;
}

struct entry writer_entry(const struct writer *w, const struct writer_item *item)
{
	const struct file_stat *st = &item->stat;
	struct entry entry = {
		.path = item->path,
		.type = file_is_dir(st)       ? ENTRY_TYPE_DIR
		        : file_is_symlink(st) ? ENTRY_TYPE_SYMLINK
		                              : ENTRY_TYPE_FILE,
		.mode = st->mode & 07777,
		.uid = st->uid,
		.gid = st->gid,
		.mtime_s = st->mtime_s,
		.mtime_ns = st->mtime_ns,
	};
	if (!w->options->reproducible)
		return entry;
	entry.uid = entry.gid = 0;
	entry.mtime_ns = 0;
	if (w->options->mtime_max_s > 0 && entry.mtime_s > w->options->mtime_max_s)
		entry.mtime_s = w->options->mtime_max_s;
	return entry;
}

int writer_header(struct writer *w, const struct entry *entry, struct err *e)
{
	struct tar_head head;
	size_t room;
	buf_clear(&w->header);
	if (tar_format(entry, &w->scratch, &w->header, &head, e))
		return err_context(e, "archive '%s'", names_show(entry->path).text);
	if (press_begin(w->press, w->header.len, w->header.len, e))
		return -1;
	memcpy(press_at(w->press, &room), w->header.p, w->header.len);
	press_grew(w->press, w->header.len);
	press_entry(w->press, &head, true);
	if (entry->again)
		return 0;
	w->result->entries++;
	progress_add(w->options->progress, 0, 1);
	return 0;
}

/* Values first, views of them when the buffer no longer moves. */
static int read_xattrs(struct writer *w, int fd, const char *what, size_t *count, struct err *e)
{
	const char *name = w->attr_names.p, *end = name + w->attr_names.len;
	*count = 0;
	for (; name < end; name += strlen(name) + 1) {
		struct err gone = ERR_INIT;
		size_t before = w->attr_values.len;
		if (xattr_value(fd, name, &w->attr_values, &gone, what)) {
			if (gone.kind == ERR_KIND_NOT_FOUND)
				continue;
			*e = gone;
			return -1;
		}
		if (*count == w->xattrs_cap) {
			w->xattrs_cap = w->xattrs_cap ? 2 * w->xattrs_cap : 8;
			w->xattrs = mem_grow(w->xattrs, w->xattrs_cap, sizeof(w->xattrs[0]));
		}
		w->xattrs[*count].name = str_of(name);
		w->xattrs[(*count)++].value.len = w->attr_values.len - before;
	}
	return 0;
}

int writer_xattrs(struct writer *w, int fd, const char *what, struct entry *entry, struct err *e)
{
	size_t count;
	buf_clear(&w->attr_names);
	buf_clear(&w->attr_values);
	if (xattr_names(fd, &w->attr_names, e, what))
		return -1;
	if (w->attr_names.len == 0)
		return 0;
	if (read_xattrs(w, fd, what, &count, e))
		return -1;
	const char *at = w->attr_values.p;
	for (size_t i = 0; i < count; i++) {
		w->xattrs[i].value.p = at;
		at += w->xattrs[i].value.len;
	}
	entry->xattrs = w->xattrs;
	entry->xattr_count = count;
	return 0;
}

static int store_dir(struct writer *w, const struct writer_item *item, struct err *e)
{
	FD_AUTO fd = -1;
	struct err why = ERR_INIT;
	struct entry entry = writer_entry(w, item);
	/* That it cannot be opened is for the walk to find; its header is still true. */
	if (dir_open(item->dirfd, item->name, &fd, &why) == 0 &&
	    writer_xattrs(w, fd, item->name, &entry, &why) &&
	    writer_trouble(w, item->path, &why, e))
		return -1;
	return writer_header(w, &entry, e);
}

static int store_symlink(struct writer *w, const struct writer_item *item, struct err *e)
{
	struct err why = ERR_INIT;
	struct entry entry = writer_entry(w, item);
	buf_clear(&w->target);
	if (dir_read_link(item->dirfd, item->name, &w->target, &why))
		return writer_trouble(w, item->path, &why, e);
	entry.link = buf_str(&w->target);
	return writer_header(w, &entry, e);
}

/* With options->would: tell what would be stored, and count it. */
static void tell(struct writer *w, const struct writer_item *item)
{
	bool is_file = file_is_regular(&item->stat);
	uint64_t size_bytes = is_file ? item->stat.size_bytes : 0;
	w->options->would(w->options->would_ctx, item->path, size_bytes);
	w->result->entries++;
	w->result->files += is_file;
	w->result->content_bytes += size_bytes;
}

static bool is_storable(const struct file_stat *st)
{
	return file_is_regular(st) || file_is_dir(st) || file_is_symlink(st);
}

int writer_store(struct writer *w, const struct writer_item *item, struct err *e)
{
	if (w->options->would && is_storable(&item->stat)) {
		tell(w, item);
		return 0;
	}
	if (file_is_regular(&item->stat))
		return writer_file(w, item, e);
	if (file_is_dir(&item->stat))
		return store_dir(w, item, e);
	if (file_is_symlink(&item->stat))
		return store_symlink(w, item, e);
	struct err why = ERR_INIT;
	err_set(&why, ERR_KIND_FAILED, "'%s' is left out: it is a socket, a FIFO or a device",
	        names_show(item->path).text);
	w->result->skipped++;
	writer_notice(w, &why);
	return 0;
}

/* What was asked for by name, and what is below it; ignore files do not speak of it. */
static int store_top(struct writer *w, const struct writer_item *item, struct err *e)
{
	bool is_dir = file_is_dir(&item->stat);
	bool now = !w->options->order || order_of(item->path, is_dir) == w->pass;
	if (now && writer_store(w, item, e))
		return -1;
	if (!is_dir)
		return 0;
	int enter = writer_enter(w, item, e);
	if (enter < 0 || (enter > 0 && writer_walk(w, item, e)))
		return -1;
	return writer_again(w, item, e);
}

static int store_all(struct writer *w, int dirfd, struct err *e)
{
	struct writer_item root = { .dirfd = dirfd, .name = ".", .path = S("") };
	if (file_stat(dirfd, &root.stat, e, "the directory"))
		return -1;
	return store_top(w, &root, e);
}

static int store_path(struct writer *w, int dirfd, const char *path, struct err *e)
{
	char name[DIR_NAME_MAX + 1];
	FD_AUTO parent = -1;
	struct writer_item item = { .name = name, .path = str_of(path) };
	if (dir_open_parent(dirfd, path, &parent, name, e) || dir_stat(parent, name, &item.stat, e))
		return err_context(e, "archive '%s'", names_show(item.path).text);
	item.dirfd = parent;
	if (exclude_match(w->options->exclude, item.path, file_is_dir(&item.stat)))
		return 0;
	return store_top(w, &item, e);
}

static int by_name(const void *a, const void *b)
{
	return names_cmp(str_of(*(char *const *)a), str_of(*(char *const *)b));
}

/* Clean copies of the paths that were asked for; what comes twice, or lies below another, is stored once. */
static int store_paths(struct writer *w, int dirfd, char **list, const char *const *paths,
                       size_t count, struct err *e)
{
	struct limits limits = limits_default();
	BUF_AUTO clean = buf_make(NAME_BYTES_MAX);
	struct str last = { NULL, 0 };
	for (size_t i = 0; i < count; i++) {
		if (names_clean(str_of(paths[i]), 0, &limits, &clean, e) < 0) {
			e->kind = ERR_KIND_USAGE;
			return -1;
		}
		if (clean.len == 0)
			return store_all(w, dirfd, e);
		list[i] = mem_str(buf_str(&clean));
	}
	qsort(list, count, sizeof(list[0]), by_name);
	for (size_t i = 0; i < count; i++) {
		struct str path = str_of(list[i]);
		if (last.p && names_within(path, last))
			continue;
		last = path;
		if (store_path(w, dirfd, list[i], e))
			return -1;
	}
	return 0;
}

static int store_some(struct writer *w, int dirfd, const char *const *paths, size_t count,
                      struct err *e)
{
	char **list = mem_new(count, sizeof(list[0]));
	int rc = store_paths(w, dirfd, list, paths, count, e);
	for (size_t i = 0; i < count; i++)
		mem_free(list[i]);
	mem_free(list);
	return rc;
}

static void init(struct writer *w, const struct writer_options *options,
                 struct writer_result *result)
{
	*w = (struct writer){
		.options = options,
		.result = result,
		.gather = options->format == WRITER_TAR_GZ && !options->order && !options->would,
	};
	*result = (struct writer_result){ .entries = 0 };
	tar_scratch_init(&w->scratch);
	linkmap_init(&w->links);
	if (options->vcs_ignores)
		w->ignores = ignores_new();
	w->header = buf_make(SIZE_MAX / 2);
	w->path = w->target = buf_make(NAME_BYTES_MAX);
	w->attr_names = w->attr_values = buf_make(ATTR_BYTES_MAX);
}

static void finish(struct writer *w)
{
	press_close(w->press);
	linkmap_free(&w->links);
	ignores_free(w->ignores);
	tar_scratch_free(&w->scratch);
	buf_free(&w->header);
	buf_free(&w->path);
	buf_free(&w->target);
	buf_free(&w->attr_names);
	buf_free(&w->attr_values);
	mem_free(w->xattrs);
	mem_free(w->extents);
}

int writer_tree(int dirfd, const char *const *paths, size_t path_count,
                const struct writer_options *options, struct sink *sink,
                struct writer_result *result, struct err *e)
{
	struct writer w;
	bool zstd = options->format == WRITER_TAR_ZST;
	init(&w, options, result);
	struct press_options how = {
		.plain = options->format == WRITER_TAR,
		.gather = w.gather,
		.unhashed = options->unhashed,
		.form = zstd ? MEMBER_ZSTD : MEMBER_GZIP,
		.level = options->level ? options->level
		         : zstd         ? LEVEL_DEFAULT_ZSTD
		         : w.gather     ? LEVEL_DEFAULT_GATHERED
		                        : LEVEL_DEFAULT,
		.jobs = options->jobs ? options->jobs : sys_cpu_count(),
		.sink = sink,
		.progress = options->progress,
	};
	int rc = options->would ? 0 : press_open(&how, &w.press, e);
	w.pass = options->order ? ORDER_FIRST : ORDER_LAST;
	for (; rc == 0 && w.pass < ORDER_COUNT; w.pass++)
		rc = paths ? store_some(&w, dirfd, paths, path_count, e) : store_all(&w, dirfd, e);
	if (rc == 0 && !options->would)
		rc = press_finish(w.press, &result->archive_bytes, result->sha256, e);
	finish(&w);
	return rc;
}
