/* inotify. */
#include "os/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "os/file.h"

enum {
	CHANGES = IN_CREATE | IN_DELETE | IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_MOVED_FROM |
	          IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR
};

int notify_open(int *fd, struct err *e)
{
	*fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	return *fd >= 0 ? 0 : err_sys(e, "open inotify");
}

int notify_add(int fd, int dirfd, const char *name, struct err *e)
{
	char path[64];
	FD_AUTO dir =
		openat(dirfd, name[0] ? name : ".", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return err_sys(e, "watch %s", name);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", dir);
	return inotify_add_watch(fd, path, CHANGES) >= 0 ? 0 : err_sys(e, "watch %s", name);
}

void notify_drain(int fd)
{
	char events[4096];
	ssize_t got;
	do
		got = read(fd, events, sizeof(events));
	while (got > 0 || (got < 0 && errno == EINTR));
}
