/* The group of a command in the file system of control groups. */
#include "os/cgroup.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/str.h"
#include "os/dents.h"
#include "os/dir.h"
#include "os/mounts.h"
#include "os/sys.h"

enum {
	DEPTH_MAX = 8,
	NAMES_BYTES = DENTS_BYTES_MIN,
	CGROUP2_MAGIC = 0x63677270,
	KILL_MS = 2000, /* until nobody is left */
	LOOK_MS = 1,
};

static const char prefix[] = "ws-";

/* ---- where ours is ---- */

/* The line of version 2 in /proc/self/cgroup is "0::/PATH". */
static int own_path(struct buf *text, struct str *path, struct err *e)
{
	FD_AUTO fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open /proc/self/cgroup");
	if (file_read_rest(fd, text, e, "/proc/self/cgroup") != 0)
		return -1;
	struct str rest = buf_str(text), line;
	while (rest.len > 0) {
		str_cut(rest, '\n', &line, &rest);
		if (str_starts(line, S("0::/"))) {
			*path = str_skip(line, 3);
			return 0;
		}
	}
	return err_set(e, ERR_KIND_NOT_FOUND, "we are in no control group of version 2");
}

/* Outside of what a namespace shows it is "/../…". */
static bool is_below(struct str path, struct str root)
{
	return str_starts(path, root) && !str_starts(path, S("/..")) &&
	       (path.len == root.len || path.p[root.len] == '/');
}

/* Below the mount: what of our path comes after the part of the hierarchy that is mounted there. */
static int own_directory(struct buf *out, struct err *e)
{
	MOUNTS_AUTO mounts = { .count = 0 };
	BUF_AUTO text = buf_make(MOUNTS_TEXT_MAX);
	struct str path;
	if (own_path(&text, &path, e) != 0 || mounts_read(&mounts, e) != 0)
		return -1;
	for (size_t i = 0; i < mounts.count; i++) {
		const struct mount *m = &mounts.list[i];
		struct str root = str_is(str_of(m->root), "/") ? S("") : str_of(m->root);
		if (strcmp(m->fs_type, "cgroup2") != 0 || m->read_only || !is_below(path, root))
			continue;
		buf_add_str(out, str_of(m->mount_point));
		buf_add_str(out, str_skip(path, root.len));
		return buf_check(out, e, "the path of our control group");
	}
	return err_set(e, ERR_KIND_NOT_FOUND,
	               "control groups of version 2 are nowhere mounted to be written to");
}

/* ---- a group's life ---- */

int cgroup_join(const struct cgroup *c)
{
	FD_AUTO fd = openat(c->fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);
	return fd >= 0 && write(fd, "0", 1) == 1 ? 0 : -1;
}

/* 0 written, -1. */
static int tell(const struct cgroup *c, const char *file, const char *what)
{
	FD_AUTO fd = c->fd < 0 ? -1 : openat(c->fd, file, O_WRONLY | O_CLOEXEC);
	struct err ignored = ERR_INIT;
	return fd < 0 ? -1 : file_write(fd, what, strlen(what), &ignored, file);
}

void cgroup_kill(const struct cgroup *c)
{
	(void)!tell(c, "cgroup.kill", "1");
}

int cgroup_freeze(const struct cgroup *c, bool frozen)
{
	return tell(c, "cgroup.freeze", frozen ? "1" : "0");
}

/* Whether cgroup.events has this line. */
static bool says(const struct cgroup *c, const char *event)
{
	BUF_AUTO text = buf_make(NAMES_BYTES);
	struct err ignored = ERR_INIT;
	if (c->fd < 0 || dir_read_file(c->fd, "cgroup.events", &text, &ignored) != 0)
		return false;
	struct str rest = buf_str(&text), line;
	while (rest.len > 0) {
		str_cut(rest, '\n', &line, &rest);
		if (str_is(line, event))
			return true;
	}
	return false;
}

bool cgroup_is_populated(const struct cgroup *c)
{
	return says(c, "populated 1");
}

bool cgroup_is_frozen(const struct cgroup *c)
{
	return says(c, "frozen 1");
}

/* Its files are the kernel's and go with it. */
static void remove_tree(int parent_fd, const char *name, int depth)
{
	char names[NAMES_BYTES];
	struct dents_entry entry;
	FD_AUTO fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct dents d = dents_make(fd, names, sizeof(names));
	while (fd >= 0 && depth < DEPTH_MAX && dents_next(&d, &entry) > 0) {
		if (entry.type == DT_DIR)
			remove_tree(fd, entry.name, depth + 1);
	}
	(void)unlinkat(parent_fd, name, AT_REMOVEDIR);
}

void cgroup_close(struct cgroup *c)
{
	file_close_auto(&c->fd);
	if (c->parent_fd >= 0 && c->name[0])
		remove_tree(c->parent_fd, c->name, 0);
	file_close_auto(&c->parent_fd);
}

/* ---- what was left behind ---- */

static bool is_gone(struct str name)
{
	uint64_t pid;
	return str_starts(name, str_of(prefix)) &&
	       num_parse_digits(str_skip(name, strlen(prefix)), 10, &pid) == 0 &&
	       pid <= INT32_MAX && pid > 0 && kill((pid_t)pid, 0) != 0;
}

static int open_group(int parent_fd, const char *name)
{
	return openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static bool take_over(int fd)
{
	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
}

static void end_all(int parent_fd, const char *name, const struct cgroup *c)
{
	int64_t until_ms = sys_monotonic_ms() + KILL_MS;
	cgroup_kill(c);
	while (cgroup_is_populated(c) && sys_monotonic_ms() < until_ms)
		sys_sleep_ms(LOOK_MS);
	remove_tree(parent_fd, name, 0);
}

/* Its supervisor would have it locked. Only one that was killed leaves a group that is frozen: nobody would ever let go of it. */
static void end_left(int parent_fd, const char *name, int fd, bool frozen_only)
{
	const struct cgroup c = { .parent_fd = -1, .fd = fd };
	bool is_stuck = cgroup_is_frozen(&c) && cgroup_is_populated(&c);
	if ((is_stuck || !frozen_only) && take_over(fd))
		end_all(parent_fd, name, &c);
}

/* The kernel removes no group in which somebody lives. */
static void sweep_one(int parent_fd, const char *name)
{
	FD_AUTO fd = open_group(parent_fd, name);
	end_left(parent_fd, name, fd, true);
	if (is_gone(str_of(name)))
		(void)unlinkat(parent_fd, name, AT_REMOVEDIR);
}

static void sweep(int parent_fd)
{
	char names[NAMES_BYTES];
	struct dents_entry entry;
	FD_AUTO fd = openat(parent_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dents d = dents_make(fd, names, sizeof(names));
	while (fd >= 0 && dents_next(&d, &entry) > 0) {
		if (str_starts(str_of(entry.name), str_of(prefix)))
			sweep_one(parent_fd, entry.name);
	}
}

/* Nothing but what we named is ended, wherever the path leads. */
void cgroup_end_left(const char *path, bool frozen_only)
{
	struct str parent, name;
	struct statfs fs;
	if (!str_cut_last(str_of(path), '/', &parent, &name) || !str_starts(name, str_of(prefix)))
		return;
	MEM_AUTO char *parent_path = mem_str(parent);
	FD_AUTO parent_fd = open(parent_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	FD_AUTO fd = parent_fd < 0 ? -1 : open_group(parent_fd, name.p);
	if (fd >= 0 && fstatfs(fd, &fs) == 0 && fs.f_type == CGROUP2_MAGIC)
		end_left(parent_fd, name.p, fd, frozen_only);
}

/* ---- making one ---- */

static int fill(struct cgroup *c, struct err *e)
{
	snprintf(c->name, sizeof(c->name), "%s%d", prefix, (int)getpid());
	(void)unlinkat(c->parent_fd, c->name, AT_REMOVEDIR);
	if (mkdirat(c->parent_fd, c->name, 0755) != 0)
		return err_sys(e, "make the control group %s", c->name);
	c->fd = open_group(c->parent_fd, c->name);
	if (c->fd >= 0 && faccessat(c->fd, "cgroup.kill", W_OK, 0) == 0 && take_over(c->fd))
		return 0;
	err_sys(e, "end the control group %s", c->name);
	cgroup_close(c);
	return -1;
}

int cgroup_open_below(const char *directory, struct cgroup *out, struct err *e)
{
	*out = (struct cgroup){ .parent_fd = -1, .fd = -1 };
	if (dir_open_root(directory, &out->parent_fd, e) != 0)
		return -1;
	sweep(out->parent_fd);
	if (fill(out, e) != 0) {
		cgroup_close(out);
		return -1;
	}
	int len = snprintf(out->path, sizeof(out->path), "%s/%s", directory, out->name);
	if (len < 0 || (size_t)len >= sizeof(out->path))
		out->path[0] = '\0';
	return 0;
}

int cgroup_open(struct cgroup *out, struct err *e)
{
	BUF_AUTO path = buf_make(MOUNTS_TEXT_MAX);
	*out = (struct cgroup){ .parent_fd = -1, .fd = -1 };
	return own_directory(&path, e) != 0 ? -1 : cgroup_open_below(path.p, out, e);
}
