/* Deletion by the walk: unlinkat of one name at a time, relative to the directory that is held
 * open. */
#include "os/remove.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/dir_path.h"
#include "os/file.h"
#include "os/file_meta.h"
#include "os/sys.h"
#include "os/walk.h"

/* Names that the kernel passed over because the directory changed while it was read come up in the
 * next round; a tree that somebody keeps filling is not waited for. */
enum { REMOVE_ROUNDS_MAX = 8 };

enum { SYSCALL_FCHMODAT2 = 452 }; /* Linux 6.6, the same number everywhere */

static void count(struct remove_stats *stats, const struct file_stat *st)
{
	if (!stats)
		return;
	stats->entries++;
	if (file_is_dir(st) || st->nlink <= 1)
		stats->allocated_bytes += st->allocated_bytes;
}

/* fchmod of an O_PATH descriptor, which is all that can be had of a directory we may not read. */
static int chmod_held(int fd, uint32_t mode)
{
	char link[40];
	if (syscall(SYSCALL_FCHMODAT2, fd, "", mode, AT_EMPTY_PATH) == 0)
		return 0;
	/* The descriptor's own name: no component of it is anybody else's. */
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return chmod(link, mode);
}

/* Let ourselves into the directory `name`, when it is ours and shut; `mode` is 0 when it is not
 * known. What is mounted there by now stays as it is. What goes wrong here shows when the directory
 * is read. */
static void open_up(int dirfd, const char *name, uint32_t mode)
{
	struct file_stat parent, st;
	if ((mode & S_IRWXU) == S_IRWXU)
		return;
	FD_AUTO fd = openat(dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || file_meta_fd(fd, &st) != 0 || st.uid != geteuid() ||
	    (st.mode & S_IRWXU) == S_IRWXU || file_meta_fd(dirfd, &parent) != 0 ||
	    file_meta_crosses(&parent, &st))
		return;
	int ignored = chmod_held(fd, (st.mode & 07777) | S_IRWXU);
	(void)ignored;
}

/* Remove one name: 1 removed, 0 it is gone already or (`again`) not empty any more, -1. */
static int remove_name(int dirfd, const char *name, bool is_dir, const char *path, bool *again,
                       struct err *e)
{
	if (unlinkat(dirfd, name, is_dir ? AT_REMOVEDIR : 0) == 0)
		return 1;
	if (errno == ENOENT)
		return 0;
	if (is_dir && (errno == ENOTEMPTY || errno == EEXIST)) {
		*again = true;
		return 0;
	}
	if (errno == EBUSY)
		return err_set(e, ERR_KIND_CONFLICT, "remove %s: is a mount point or in use", path);
	return err_sys(e, "remove %s", path);
}

static int fail_mount(const char *path, struct err *e)
{
	return err_set(e, ERR_KIND_CONFLICT, "remove %s: is a mount point", path);
}

/* What the walk found: remove it, or make ready to go into it. */
static int handle(const struct walk_entry *entry, struct remove_stats *stats, bool *again,
                  struct err *e)
{
	if (entry->is_mount)
		return fail_mount(entry->path, e);
	bool is_dir = file_is_dir(&entry->stat);
	if (is_dir && !entry->after) {
		open_up(entry->dirfd, entry->name, entry->stat.mode);
		return 0;
	}
	int rc = remove_name(entry->dirfd, entry->name, is_dir, entry->path, again, e);
	if (rc > 0)
		count(stats, &entry->stat);
	return rc < 0 ? -1 : 0;
}

enum { CLOCK_EVERY = 512 }; /* entries between two looks at the clock */

static int check_time(const struct remove_stats *stats, struct err *e)
{
	if (!stats || stats->end_ms == 0 || stats->entries % CLOCK_EVERY != 0 ||
	    sys_monotonic_ms() < stats->end_ms)
		return 0;
	return err_set(e, ERR_KIND_TRY_AGAIN, "time is up");
}

/* Remove what is below `fd`, once over. *again: a directory turned out not to be empty. */
static int empty_once(int fd, struct remove_stats *stats, bool *again, struct err *e)
{
	const struct walk_options options = {
		.directories_after = true,
		.one_file_system = true,
		.unsorted = true,
		.no_stat = !stats,
	};
	WALK_AUTO walk = NULL;
	struct walk_entry entry;
	*again = false;
	if (walk_open(fd, &options, &walk, e) != 0)
		return -1;
	for (;;) {
		struct err why = ERR_INIT;
		int rc = walk_next(walk, &entry, &why);
		if (rc == 0)
			return 0;
		if (rc > 0 && check_time(stats, &why) == 0 &&
		    handle(&entry, stats, again, &why) == 0)
			continue;
		/* Moved or removed by somebody else: its directory tells whether it is empty. */
		if (why.sys_errno == ENOENT || why.sys_errno == ESTALE)
			continue;
		if (why.sys_errno == EXDEV)
			why.kind = ERR_KIND_CONFLICT;
		if (!err_is(e))
			*e = why;
		return -1;
	}
}

/* Open `name` if it is still the directory `st`, on the mount of `dirfd`. */
static int open_tree(int dirfd, const char *name, const struct file_stat *st, int *fd,
                     struct err *e)
{
	struct file_stat parent, opened;
	if (file_stat(dirfd, &parent, e, "directory") != 0)
		return -1;
	if (file_meta_crosses(&parent, st))
		return fail_mount(name, e);
	open_up(dirfd, name, st->mode);
	*fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*fd < 0)
		return dir_path_fail(e, "remove", name);
	if (file_stat(*fd, &opened, e, name) != 0)
		return -1;
	return file_meta_crosses(&parent, &opened) ? fail_mount(name, e) : 0;
}

static int remove_dir(int dirfd, const char *name, const struct file_stat *st,
                      struct remove_stats *stats, struct err *e)
{
	FD_AUTO fd = -1;
	if (open_tree(dirfd, name, st, &fd, e) != 0)
		return -1;
	for (int round = 0; round < REMOVE_ROUNDS_MAX; round++) {
		bool again;
		if (empty_once(fd, stats, &again, e) != 0)
			return err_context(e, "%s", name);
		if (again)
			continue;
		int rc = remove_name(dirfd, name, true, name, &again, e);
		if (rc > 0)
			count(stats, st);
		if (!again)
			return rc < 0 ? -1 : 0;
	}
	errno = ENOTEMPTY;
	return err_sys(e, "remove %s", name);
}

int remove_tree(int dirfd, const char *name, struct remove_stats *stats, struct err *e)
{
	struct file_stat st;
	bool again = false;
	if (dir_path_check_name(name, e) != 0)
		return -1;
	if (file_meta_at(dirfd, name, &st) != 0)
		return errno == ENOENT ? 0 : err_sys(e, "remove %s", name);
	if (file_is_dir(&st))
		return remove_dir(dirfd, name, &st, stats, e);
	int rc = remove_name(dirfd, name, false, name, &again, e);
	if (rc > 0)
		count(stats, &st);
	return rc < 0 ? -1 : 0;
}
