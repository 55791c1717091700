/* /proc, process by process. */
#include "os/users.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/str.h"
#include "os/dents.h"
#include "os/file.h"
#include "os/mounts.h"

enum { NAMESPACES_MAX = 1024, NAMESPACE_MAX = 48, MOUNTINFO_MAX = 16 << 20, CHUNK_BYTES = 8192 };

struct scan {
	struct users *out;
	struct str below;
	char *fs_below; /* the same within its file system; NULL: not known */
	char own_namespace[NAMESPACE_MAX];
	char (*namespaces)[NAMESPACE_MAX]; /* that were looked at */
	size_t namespace_count;
};

/* One process. */
struct subject {
	struct scan *scan;
	int32_t pid;
	int dir; /* /proc/PID */
	bool hidden;
};

static bool is_below(struct str path, struct str below)
{
	return path.len > below.len && str_starts(path, below) && path.p[below.len] == '/';
}

static void add(struct scan *s, int32_t pid, const char *how, char *path)
{
	struct users *u = s->out;
	if (u->count == u->cap) {
		u->cap = u->cap ? 2 * u->cap : 16;
		u->list = mem_grow(u->list, u->cap, sizeof(*u->list));
	}
	u->list[u->count++] = (struct users_user){ .path = path, .pid = pid, .how = how };
}

static void add_path(struct subject *p, const char *how, struct str path)
{
	if (is_below(path, p->scan->below))
		add(p->scan, p->pid, how, mem_str(path));
}

static void look_at_link(struct subject *p, int dir, const char *name, const char *how)
{
	char path[PATH_MAX];
	ssize_t len = readlinkat(dir, name, path, sizeof(path));
	if (len > 0)
		add_path(p, how, str_from(path, (size_t)len));
	else if (len < 0 && (errno == EACCES || errno == EPERM))
		p->hidden = true;
}

static void look_at_files(struct subject *p)
{
	char bytes[CHUNK_BYTES];
	struct dents_entry entry;
	FD_AUTO dir = openat(p->dir, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) {
		p->hidden |= errno == EACCES || errno == EPERM;
		return;
	}
	struct dents d = dents_make(dir, bytes, sizeof(bytes));
	while (dents_next(&d, &entry) > 0)
		look_at_link(p, dir, entry.name, "open file");
}

/* Whole lines at the head of `text`; how much of it they are. A line's path begins at its first slash. */
static size_t look_at_lines(struct subject *p, struct str text)
{
	size_t used = 0;
	ptrdiff_t end;
	while ((end = str_index(str_skip(text, used), '\n')) >= 0) {
		struct str line = str_head(str_skip(text, used), (size_t)end);
		ptrdiff_t slash = str_index(line, '/');
		if (slash >= 0)
			add_path(p, "mapped file", str_skip(line, (size_t)slash));
		used += (size_t)end + 1;
	}
	return used;
}

static void look_at_maps(struct subject *p)
{
	char text[CHUNK_BYTES];
	size_t len = 0, got = 1;
	struct err ignored = ERR_INIT;
	FD_AUTO fd = openat(p->dir, "maps", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	while (got > 0 &&
	       file_read(fd, text + len, sizeof(text) - len, &got, &ignored, "maps") == 0) {
		len += got;
		size_t used = look_at_lines(p, str_from(text, len));
		/* No line is that long; one that is can't be told, and is passed over. */
		if (used == 0 && len == sizeof(text))
			used = len;
		memmove(text, text + used, len - used);
		len -= used;
	}
}

static bool is_new_namespace(struct scan *s, struct str name)
{
	char text[NAMESPACE_MAX];
	if (str_copy(name, text, sizeof(text)) != 0 || strcmp(text, s->own_namespace) == 0)
		return false;
	for (size_t i = 0; i < s->namespace_count; i++) {
		if (strcmp(s->namespaces[i], text) == 0)
			return false;
	}
	if (s->namespace_count < NAMESPACES_MAX)
		memcpy(s->namespaces[s->namespace_count++], text, sizeof(text));
	return true;
}

/* A container that has a part of it mounted shows it under another path: what is the same is where that lies within
 * its file system. */
static void look_at_mounts(struct subject *p)
{
	char name[NAMESPACE_MAX];
	struct scan *s = p->scan;
	struct err ignored = ERR_INIT;
	BUF_AUTO text = buf_make(MOUNTINFO_MAX);
	MOUNTS_AUTO mounts = { .count = 0 };
	ssize_t len = s->fs_below ? readlinkat(p->dir, "ns/mnt", name, sizeof(name)) : -1;
	if (len <= 0 || !is_new_namespace(s, str_from(name, (size_t)len)))
		return;
	FD_AUTO fd = openat(p->dir, "mountinfo", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || file_read_rest(fd, &text, &ignored, "mountinfo") != 0 ||
	    mounts_parse(text.p, text.len, &mounts, &ignored) != 0)
		return;
	for (size_t i = 0; i < mounts.count; i++) {
		struct str root = str_of(mounts.list[i].root);
		if (is_below(root, str_of(s->fs_below)))
			add(s, p->pid, "mount",
			    mem_printf("%" STR_FMT "%s", STR_ARG(s->below),
			               root.p + strlen(s->fs_below)));
	}
}

static void look_at_process(struct scan *s, int proc, const char *name, int32_t pid)
{
	FD_AUTO dir = openat(proc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct subject p = { .scan = s, .pid = pid, .dir = dir };
	if (dir < 0)
		return;
	look_at_link(&p, dir, "cwd", "cwd");
	if (pid == getpid())
		return;
	look_at_link(&p, dir, "root", "root");
	look_at_link(&p, dir, "exe", "program");
	if (!p.hidden) {
		look_at_files(&p);
		look_at_maps(&p);
	}
	look_at_mounts(&p);
	s->out->hidden += p.hidden;
}

static int by_path(const void *a, const void *b)
{
	const struct users_user *x = a;
	const struct users_user *y = b;
	int order = strcmp(x->path, y->path);
	return order ? order : (x->pid > y->pid) - (x->pid < y->pid);
}

/* Where `below` lies within its file system; NULL when that can't be told. */
static char *within_file_system(const char *below)
{
	MOUNTS_AUTO mounts = { .count = 0 };
	struct err ignored = ERR_INIT;
	if (mounts_read(&mounts, &ignored) != 0)
		return NULL;
	const struct mount *m = mounts_at(&mounts, below);
	if (!m)
		return NULL;
	size_t point_len = strcmp(m->mount_point, "/") == 0 ? 0 : strlen(m->mount_point);
	const char *root = strcmp(m->root, "/") == 0 ? "" : m->root;
	return mem_printf("%s%s", root, below + point_len);
}

static void read_own_namespace(int proc, char out[NAMESPACE_MAX])
{
	ssize_t len = readlinkat(proc, "self/ns/mnt", out, NAMESPACE_MAX - 1);
	out[len > 0 ? len : 0] = '\0';
}

int users_read(const char *below, struct users *out, struct err *e)
{
	char bytes[CHUNK_BYTES];
	struct dents_entry entry;
	size_t processes = 0;
	*out = (struct users){ .list = NULL };
	FD_AUTO proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0)
		return err_sys(e, "open /proc");
	struct scan s = { .out = out, .below = str_of(below) };
	s.fs_below = within_file_system(below);
	s.namespaces = mem_new(NAMESPACES_MAX, NAMESPACE_MAX);
	read_own_namespace(proc, s.own_namespace);
	struct dents d = dents_make(proc, bytes, sizeof(bytes));
	while (dents_next(&d, &entry) > 0) {
		uint64_t pid;
		if (num_parse_digits(str_of(entry.name), 10, &pid) != 0 || pid > INT32_MAX)
			continue;
		processes++;
		look_at_process(&s, proc, entry.name, (int32_t)pid);
	}
	mem_free(s.fs_below);
	mem_free(s.namespaces);
	if (out->count > 0)
		qsort(out->list, out->count, sizeof(*out->list), by_path);
	return processes > 0 ? 0 : err_set(e, ERR_KIND_NOT_FOUND, "/proc shows no processes");
}

void users_free(struct users *u)
{
	for (size_t i = 0; i < u->count; i++)
		mem_free(u->list[i].path);
	mem_free(u->list);
	*u = (struct users){ .list = NULL };
}

/* The first one whose path is not before `path`; NULL. */
static const struct users_user *first_from(const struct users *u, const char *path)
{
	size_t low = 0, high = u->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcmp(u->list[middle].path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < u->count ? &u->list[low] : NULL;
}

/* "a" and what is below it need not be neighbours: "a-b" is between them. The kernel marks what was deleted. */
const struct users_user *users_of(const struct users *u, const char *path)
{
	const struct users_user *found = first_from(u, path);
	if (found && strcmp(found->path, path) == 0)
		return found;
	MEM_AUTO char *inside = mem_printf("%s/", path);
	found = first_from(u, inside);
	return found && str_starts(str_of(found->path), str_of(inside)) ? found : NULL;
}
