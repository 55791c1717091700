/* mkdirat, mkfifoat, symlinkat, linkat, utimensat. */
#include "os/node.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int node_make_dir(int dirfd, const char *name, uint32_t mode, struct err *e)
{
	return mkdirat(dirfd, name, mode) == 0 ? 0 : err_sys(e, "make directory %s", name);
}

int node_make_symlink(int dirfd, const char *name, const char *target, struct err *e)
{
	return symlinkat(target, dirfd, name) == 0 ? 0 : err_sys(e, "make symlink %s", name);
}

int node_make_fifo(int dirfd, const char *name, struct err *e)
{
	return mkfifoat(dirfd, name, S_IRUSR | S_IWUSR) == 0 ? 0 : err_sys(e, "make FIFO %s", name);
}

int node_make_link(int from_dir, const char *from, int to_dir, const char *to, struct err *e)
{
	return linkat(from_dir, from, to_dir, to, 0) == 0 ? 0 : err_sys(e, "make hardlink %s", to);
}

int node_set_mtime(int fd, int64_t seconds, uint32_t ns, struct err *e, const char *what)
{
	const struct timespec times[2] = {
		{ .tv_nsec = UTIME_OMIT },
		{ .tv_sec = (time_t)seconds, .tv_nsec = (long)ns },
	};
	return futimens(fd, times) == 0 ? 0 : err_sys(e, "set the time of %s", what);
}

int node_set_mtime_at(int dirfd, const char *name, int64_t seconds, uint32_t ns, struct err *e)
{
	const struct timespec times[2] = {
		{ .tv_nsec = UTIME_OMIT },
		{ .tv_sec = (time_t)seconds, .tv_nsec = (long)ns },
	};
	if (utimensat(dirfd, name, times, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	return err_sys(e, "set the time of %s", name);
}
