/* SEEK_DATA and SEEK_HOLE; FIEMAP. */
#include "os/extent.h"

#include <errno.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
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

bool extent_can_share(int fd)
{
	static const uint32_t types[] = {
		0x58465342, /* xfs */
		0x9123683e, /* btrfs */
		0xca451a4e, /* bcachefs */
		0x794c7630, /* overlay: what is below it may */
	};
	struct statfs fs;
	bool can = false;
	if (fstatfs(fd, &fs) != 0)
		return true;
	for (size_t i = 0; i < COUNTOF(types); i++)
		can = can || (uint32_t)fs.f_type == types[i];
	return can;
}

enum { EXTENTS_AT_ONCE = 64 };

int extent_shared(int fd, uint64_t *bytes, struct err *e, const char *what)
{
	union {
		struct fiemap head;
		char space[sizeof(struct fiemap) + EXTENTS_AT_ONCE * sizeof(struct fiemap_extent)];
	} map;
	bool more = true;
	uint64_t start = 0;
	*bytes = 0;
	while (more) {
		memset(&map.head, 0, sizeof(map.head));
		map.head.fm_start = start;
		map.head.fm_length = FIEMAP_MAX_OFFSET - start;
		map.head.fm_extent_count = EXTENTS_AT_ONCE;
		if (syscall(SYS_ioctl, fd, FS_IOC_FIEMAP, &map.head) != 0)
			return err_sys(e, "find the blocks of %s", what);
		more = map.head.fm_mapped_extents > 0;
		for (uint32_t i = 0; i < map.head.fm_mapped_extents; i++) {
			const struct fiemap_extent *x = &map.head.fm_extents[i];
			if (x->fe_flags & FIEMAP_EXTENT_SHARED)
				*bytes += x->fe_length;
			start = x->fe_logical + x->fe_length;
			more = !(x->fe_flags & FIEMAP_EXTENT_LAST);
		}
	}
	return 0;
}
