/* FS_IOC_FSGETXATTR, and quotactl by descriptor: no device has to be found. */
#include "os/project.h"

#include <errno.h>
#include <linux/dqblk_xfs.h>
#include <linux/fs.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	CALL_QUOTACTL_FD =
		443,       /* the same everywhere but on alpha; older headers have no name for it */
	PROJECT_QUOTA = 2, /* PRJQUOTA of <linux/quota.h>, which does not go together with libc's */
	BASIC_BLOCK = 512,
};

uint32_t project_of(int fd)
{
	struct fsxattr attributes = { .fsx_xflags = 0 };
	if (syscall(SYS_ioctl, fd, FS_IOC_FSGETXATTR, &attributes) != 0)
		return 0;
	return attributes.fsx_xflags & FS_XFLAG_PROJINHERIT ? attributes.fsx_projid : 0;
}

int project_bytes(int fd, uint32_t id, uint64_t *bytes, struct err *e)
{
	struct fs_disk_quota found = { .d_version = 0 };
	long rc = syscall(CALL_QUOTACTL_FD, fd, Q_XGETQUOTA << 8 | PROJECT_QUOTA, id, &found);
	bool denied = rc != 0 && (errno == EPERM || errno == EACCES);
	*bytes = found.d_bcount * BASIC_BLOCK;
	if (rc == 0 && found.d_id == id)
		return 0;
	err_sys(e, "quota of project %u", id);
	e->kind = denied ? ERR_KIND_DENIED : ERR_KIND_UNAVAILABLE;
	return -1;
}
