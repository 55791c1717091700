/* SEEK_DATA and SEEK_HOLE. */
#include "os/extent.h"

#include <errno.h>
#include <unistd.h>

int extent_next(int fd, uint64_t offset, uint64_t *start, uint64_t *end, struct err *e,
                const char *what)
{
	off_t data = lseek(fd, (off_t)offset, SEEK_DATA);
	if (data < 0 && errno == ENXIO)
		return 0;
	if (data < 0 && errno == EINVAL) {
		off_t size = lseek(fd, 0, SEEK_END);
		*start = offset;
		*end = (uint64_t)size;
		return size > (off_t)offset;
	}
	off_t hole = data < 0 ? -1 : lseek(fd, data, SEEK_HOLE);
	if (hole < 0)
		return err_sys(e, "find the data of %s", what);
	*start = (uint64_t)data;
	*end = (uint64_t)hole;
	return 1;
}

int extent_set_size(int fd, uint64_t size_bytes, struct err *e, const char *what)
{
	if (size_bytes > INT64_MAX)
		return err_set(e, ERR_KIND_DATA, "%s: larger than a file can be", what);
	return ftruncate(fd, (off_t)size_bytes) == 0 ? 0 : err_sys(e, "set the size of %s", what);
}
