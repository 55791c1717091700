/* A stack of directories. Level 0 is the root; its descriptor stays open. Of the others, those
 * from `first_open` to the top are open; the ones above that were closed to save descriptors and
 * are found again from the root, and compared, when the walk comes back to them. */
#include "os/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "os/dir_path.h"
#include "os/file_meta.h"
#include "os/walk_level.h"

enum {
	WALK_FDS_MAX = 64,      /* directories open at once, the root not counted */
	WALK_FDS_REOPEN = 32,   /* so many are opened again when the walk comes back */
	WALK_STEP_BYTES = 4000, /* of path in one call, below PATH_MAX */
	WALK_SCRATCH_BYTES = 64 * 1024,
	WALK_FIRST_BYTES = 4 * 1024,
	WALK_PATH_MAX = 64 << 20,
};

enum { OPEN_LEVEL = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

struct walk {
	struct walk_options options;
	struct walk_level *levels;
	size_t depth, levels_cap; /* in use; the last one is the top */
	size_t first_open;        /* at least 1 */
	struct buf path;          /* of the entry that was returned last */
	char *scratch;            /* NULL until a directory does not fit into `first` */
	char first[WALK_FIRST_BYTES];
	bool descend; /* into the directory at `path`, with the next call */
	bool failed;
};

static struct walk_level *top(struct walk *w)
{
	return &w->levels[w->depth - 1];
}

/* A level more, closed and empty. */
static struct walk_level *push(struct walk *w)
{
	if (w->depth == w->levels_cap) {
		size_t cap = w->levels_cap > 0 ? w->levels_cap * 2 : 16;
		w->levels = mem_grow(w->levels, cap, sizeof(w->levels[0]));
		memset(w->levels + w->levels_cap, 0, (cap - w->levels_cap) * sizeof(w->levels[0]));
		for (size_t i = w->levels_cap; i < cap; i++)
			w->levels[i].fd = -1;
		w->levels_cap = cap;
	}
	return &w->levels[w->depth++];
}

static void pop(struct walk *w)
{
	walk_level_close(top(w));
	w->depth--;
	if (w->first_open > w->depth)
		w->first_open = w->depth > 1 ? w->depth : 1;
}

/* Read names of a level: one buffer of them, or all. Most trees are small, and 64 KiB for each of a hundred thousand of them
 * is a lot of page faults. */
static int read_names(struct walk *w, struct walk_level *l, bool all)
{
	if (!w->scratch) {
		int rc = walk_level_read(l, false, w->first, sizeof(w->first));
		if (l->text_len > WALK_FIRST_BYTES / 4)
			w->scratch = mem_new(WALK_SCRATCH_BYTES, 1);
		if (rc != 0 || !l->more || !all)
			return rc;
	}
	char *bytes = w->scratch ? w->scratch : w->first;
	return walk_level_read(l, all, bytes, w->scratch ? WALK_SCRATCH_BYTES : WALK_FIRST_BYTES);
}

/* Close the open level that is farthest from the top; the top itself is needed. */
static bool close_farthest(struct walk *w)
{
	if (w->first_open + 1 >= w->depth)
		return false;
	struct walk_level *l = &w->levels[w->first_open];
	/* Once closed, its place in the kernel's order is lost. */
	if (l->more && read_names(w, l, true) != 0)
		return false;
	walk_level_close(l);
	w->first_open++;
	return true;
}

static int open_below(struct walk *w, int dirfd, const char *name)
{
	int fd = openat(dirfd, name, OPEN_LEVEL);
	while (fd < 0 && (errno == EINTR || (errno == EMFILE && close_farthest(w))))
		fd = openat(dirfd, name, OPEN_LEVEL);
	return fd;
}

/* Read the names of the top, as many as the options want. */
static int read_top(struct walk *w)
{
	bool sorted = !w->options.unsorted;
	int rc = read_names(w, top(w), sorted);
	if (sorted)
		walk_level_sort(top(w), w->options.key_order);
	return rc;
}

/* Go into the directory at `path`, which is the top's entry. */
static int enter(struct walk *w, struct err *e)
{
	const struct walk_level *parent = top(w);
	size_t skip = parent->path_len > 0 ? parent->path_len + 1 : 0;
	if (w->depth - w->first_open >= WALK_FDS_MAX)
		close_farthest(w);
	int fd = open_below(w, parent->fd, w->path.p + skip);
	if (fd < 0)
		return err_sys(e, "open directory %s", w->path.p);
	struct walk_level *l = push(w);
	if (walk_level_begin(l, fd, w->path.len) != 0) {
		pop(w);
		return err_sys(e, "stat %s", w->path.p);
	}
	/* Seen again on the open descriptor: it may have been mounted over since it was
	 * returned. */
	if (w->options.one_file_system &&
	    file_meta_crosses(&w->levels[w->depth - 2].self, &l->self)) {
		pop(w);
		errno = EXDEV;
		return err_sys(e, "open directory %s: is a mount point", w->path.p);
	}
	return read_top(w) == 0 ? 0 : err_sys(e, "read directory %s", w->path.p);
}

/* Open level `i` again, below the directory of level `from`, which is open at `dirfd`. */
static int open_again(struct walk *w, size_t from, size_t i, int dirfd)
{
	size_t start = w->levels[from].path_len;
	start += start > 0;
	struct str below = str_from(w->path.p + start, w->levels[i].path_len - start);
	return dir_path_open(dirfd, below, OPEN_LEVEL);
}

/* The level to open next on the way from level `from` to level `to`: as far as one system call
 * gets. */
static size_t next_stop(const struct walk *w, size_t from, size_t to)
{
	size_t stop = from + 1;
	while (stop < to &&
	       w->levels[stop + 1].path_len - w->levels[from].path_len < WALK_STEP_BYTES)
		stop++;
	return stop;
}

/* Keep `fd` for level `i` when it is the directory that was there before. */
static int keep_again(struct walk *w, size_t i, int fd)
{
	struct file_stat st;
	if (file_meta_fd(fd, &st) != 0)
		return -1;
	if (!file_meta_same(&st, &w->levels[i].self)) {
		errno = ESTALE;
		return -1;
	}
	w->levels[i].fd = fd;
	return 0;
}

/* Close all but the root; errno is kept. */
static void close_all(struct walk *w)
{
	int kept = errno;
	for (size_t i = w->first_open; i < w->depth; i++)
		walk_level_close(&w->levels[i]);
	w->first_open = w->depth;
	errno = kept;
}

/* Walk from the root down to the top again and keep the last `keep` directories open. */
static int reopen(struct walk *w, size_t keep)
{
	size_t last = w->depth - 1;
	FD_AUTO passing = -1; /* held only until the next one is open */
	int at = w->levels[0].fd;
	size_t i = 0;
	w->first_open = last >= keep ? last - keep + 1 : 1;
	while (i < last) {
		bool kept = i + 1 >= w->first_open;
		size_t stop = kept ? i + 1 : next_stop(w, i, w->first_open - 1);
		FD_AUTO fd = open_again(w, i, stop, at);
		if (fd < 0 || (kept && keep_again(w, stop, fd) != 0)) {
			close_all(w);
			return -1;
		}
		file_close_auto(&passing);
		at = file_take(&fd);
		if (!kept)
			passing = at;
		i = stop;
	}
	return 0;
}

/* The top's descriptor, found again if it was closed. When it can't be, its other names are
 * lost. */
static int need_top(struct walk *w, struct err *e)
{
	struct walk_level *l = top(w);
	if (l->fd >= 0)
		return 0;
	if (reopen(w, WALK_FDS_REOPEN) == 0 || (errno == EMFILE && reopen(w, 1) == 0))
		return 0;
	l->next = l->count;
	l->more = false;
	buf_truncate(&w->path, l->path_len);
	return err_sys(e, "come back to directory %s", w->path.p);
}

static void keep_type_only(struct file_stat *st, uint32_t mode)
{
	*st = (struct file_stat){ .mode = mode & S_IFMT };
}

/* Return the top's next name. */
static int give(struct walk *w, struct walk_entry *entry, struct err *e)
{
	struct walk_level *l = top(w);
	if (need_top(w, e) != 0)
		return -1;
	struct walk_level_name name = l->names[l->next++];
	buf_truncate(&w->path, l->path_len);
	if (l->path_len > 0)
		buf_add_char(&w->path, '/');
	size_t name_at = w->path.len;
	buf_add(&w->path, l->text + name.at, name.len);
	if (w->path.too_large) {
		w->path.too_large = false;
		buf_truncate(&w->path, l->path_len);
		return err_set(e, ERR_KIND_DATA, "path longer than %d bytes", WALK_PATH_MAX);
	}
	*entry = (struct walk_entry){
		.path = w->path.p,
		.name = w->path.p + name_at,
		.dirfd = l->fd,
		.depth = (unsigned)(w->depth - 1),
		.stat.mode = (uint32_t)name.type << 12, /* DT_* are the type bits */
	};
	bool want_mount = w->options.one_file_system && name.type == DT_DIR;
	if (!w->options.no_stat || want_mount || name.type == DT_UNKNOWN) {
		if (file_meta_at(l->fd, entry->name, &entry->stat) != 0)
			return err_sys(e, "stat %s", w->path.p);
	}
	bool is_dir = file_is_dir(&entry->stat);
	entry->is_mount =
		is_dir && w->options.one_file_system && file_meta_crosses(&l->self, &entry->stat);
	w->descend = is_dir && !entry->is_mount;
	if (w->options.no_stat)
		keep_type_only(&entry->stat, entry->stat.mode);
	return 1;
}

/* Leave the top, and return it once more when that is wanted: 1, 0 not wanted, -1. */
static int leave(struct walk *w, struct walk_entry *entry, struct err *e)
{
	struct file_stat self = top(w)->self;
	buf_truncate(&w->path, top(w)->path_len);
	pop(w);
	if (!w->options.directories_after)
		return 0;
	char *slash = strrchr(w->path.p, '/');
	*entry = (struct walk_entry){
		.path = w->path.p,
		.name = slash ? slash + 1 : w->path.p,
		.depth = (unsigned)(w->depth - 1),
		.after = true,
		.stat = self,
	};
	if (need_top(w, e) != 0)
		return -1;
	entry->dirfd = top(w)->fd;
	if (w->options.no_stat)
		keep_type_only(&entry->stat, self.mode);
	return 1;
}

/* A portion more of an unsorted directory. */
static int read_more(struct walk *w, struct err *e)
{
	if (need_top(w, e) != 0)
		return -1;
	if (read_top(w) == 0)
		return 0;
	buf_truncate(&w->path, top(w)->path_len);
	w->failed = w->depth == 1;
	return err_sys(e, "read directory %s", w->path.p);
}

int walk_next(struct walk *w, struct walk_entry *entry, struct err *e)
{
	if (w->failed)
		return 0;
	if (w->descend) {
		w->descend = false;
		if (enter(w, e) != 0)
			return -1;
	}
	for (;;) {
		const struct walk_level *l = top(w);
		if (l->next < l->count)
			return give(w, entry, e);
		if (l->more) {
			if (read_more(w, e) != 0)
				return -1;
			continue;
		}
		if (w->depth == 1)
			return 0;
		int rc = leave(w, entry, e);
		if (rc != 0)
			return rc;
	}
}

int walk_open(int dirfd, const struct walk_options *options, struct walk **out, struct err *e)
{
	*out = NULL;
	FD_AUTO fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open directory");
	struct walk *w = mem_new(1, sizeof(*w));
	w->options = *options;
	w->first_open = 1;
	w->path = buf_make(WALK_PATH_MAX);
	if (walk_level_begin(push(w), file_take(&fd), 0) != 0 || read_top(w) != 0) {
		err_sys(e, "read directory");
		walk_close(w);
		return -1;
	}
	*out = w;
	return 0;
}

bool walk_failed(const struct walk *w)
{
	return w->failed;
}

void walk_skip(struct walk *w)
{
	w->descend = false;
}

void walk_close(struct walk *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->levels_cap; i++)
		walk_level_free(&w->levels[i]);
	mem_free(w->levels);
	buf_free(&w->path);
	mem_free(w->scratch);
	mem_free(w);
}

void walk_close_auto(struct walk **w)
{
	walk_close(*w);
	*w = NULL;
}
