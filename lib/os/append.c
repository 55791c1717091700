/* O_APPEND and one write(2). */
#include "os/append.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "os/file.h"

int append_line(int dirfd, const char *name, uint32_t mode, struct str line, struct err *e)
{
	enum { FLAGS = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC };
	FD_AUTO fd = openat(dirfd, name, FLAGS, mode);
	if (fd < 0)
		return err_sys(e, "open %s", name);
	struct file_stat st;
	if (file_stat(fd, &st, e, name) != 0)
		return -1;
	if (!file_is_regular(&st))
		return err_set(e, ERR_KIND_DATA, "append to %s: not a regular file", name);
	ssize_t put;
	do
		put = write(fd, line.p, line.len);
	while (put < 0 && errno == EINTR);
	if (put < 0)
		return err_sys(e, "append to %s", name);
	if ((size_t)put != line.len)
		return err_set(e, ERR_KIND_IO, "append to %s: only %zd of %zu bytes", name, put,
		               line.len);
	return 0;
}
