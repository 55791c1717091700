/* statx with the mount id where the kernel has it, else fstatat and name_to_handle_at. */
#include "os/file_meta.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* The kernel's struct statx (include/uapi/linux/stat.h), because musl's has no mount id. */
struct meta_time {
	int64_t s;
	uint32_t ns;
	int32_t reserved;
};

struct meta_statx {
	uint32_t mask, block_size;
	uint64_t attributes;
	uint32_t nlink, uid, gid;
	uint16_t mode, reserved;
	uint64_t ino, size, blocks, attributes_mask;
	struct meta_time accessed, born, changed, modified;
	uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
	uint64_t mount_id;
	uint64_t spare[13];
};
_Static_assert(sizeof(struct meta_statx) == 256, "statx writes 256 bytes");

enum { META_BASIC = 0x7ff, META_MOUNT_ID = 0x1000, META_ATTR_ENCRYPTED = 0x800 };

static void from_statx(const struct meta_statx *x, struct file_stat *out)
{
	*out = (struct file_stat){
		.size_bytes = x->size,
		.allocated_bytes = x->blocks * 512,
		.mtime_s = x->modified.s,
		.mtime_ns = x->modified.ns,
		.ctime_s = x->changed.s,
		.ctime_ns = x->changed.ns,
		.mode = x->mode,
		.uid = x->uid,
		.gid = x->gid,
		.nlink = x->nlink,
		.dev = makedev(x->dev_major, x->dev_minor),
		.ino = x->ino,
		.mount_id = x->mask & META_MOUNT_ID ? x->mount_id : 0,
		.rdev = makedev(x->rdev_major, x->rdev_minor),
		.encrypted = (x->attributes & META_ATTR_ENCRYPTED) != 0,
	};
}

static void from_stat(const struct stat *st, struct file_stat *out)
{
	*out = (struct file_stat){
		.size_bytes = (uint64_t)st->st_size,
		.allocated_bytes = (uint64_t)st->st_blocks * 512,
		.mtime_s = st->st_mtim.tv_sec,
		.mtime_ns = (uint32_t)st->st_mtim.tv_nsec,
		.ctime_s = st->st_ctim.tv_sec,
		.ctime_ns = (uint32_t)st->st_ctim.tv_nsec,
		.mode = st->st_mode,
		.uid = st->st_uid,
		.gid = st->st_gid,
		.nlink = (uint32_t)st->st_nlink,
		.dev = st->st_dev,
		.ino = st->st_ino,
		.rdev = st->st_rdev,
	};
}

/* The mount id without statx: asked for a handle of no bytes, the kernel refuses with EOVERFLOW,
 * but says the mount. 0 where it does not. */
static uint64_t mount_id_by_handle(int dirfd, const char *name, int flags)
{
	struct file_handle handle = { .handle_bytes = 0 };
	int mount_id = 0;
	int kept = errno;
	if (name_to_handle_at(dirfd, name, &handle, &mount_id, flags & AT_EMPTY_PATH) != 0 &&
	    errno != EOVERFLOW)
		mount_id = 0;
	errno = kept;
	return mount_id > 0 ? (uint64_t)mount_id : 0;
}

static int meta(int dirfd, const char *name, int flags, struct file_stat *out)
{
	struct meta_statx x;
	memset(&x, 0, sizeof(x));
	if (syscall(SYS_statx, dirfd, name, flags | AT_STATX_DONT_SYNC, META_BASIC | META_MOUNT_ID,
	            &x) == 0) {
		from_statx(&x, out);
		return 0;
	}
	/* Old seccomp filters answer EPERM for calls they do not know; statx itself never does. */
	if (errno != ENOSYS && errno != EPERM && errno != EINVAL)
		return -1;
	struct stat st;
	if (fstatat(dirfd, name, &st, flags) != 0)
		return -1;
	from_stat(&st, out);
	out->mount_id = mount_id_by_handle(dirfd, name, flags);
	return 0;
}

int file_meta_fd(int fd, struct file_stat *out)
{
	return meta(fd, "", AT_EMPTY_PATH, out);
}

int file_meta_at(int dirfd, const char *name, struct file_stat *out)
{
	return meta(dirfd, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, out);
}

bool file_meta_same(const struct file_stat *a, const struct file_stat *b)
{
	return a->dev == b->dev && a->ino == b->ino;
}

bool file_meta_crosses(const struct file_stat *dir, const struct file_stat *s)
{
	bool both_known = dir->mount_id != 0 && s->mount_id != 0;
	return dir->dev != s->dev || (both_known && dir->mount_id != s->mount_id);
}
