/* fchmod, fchown, fchownat. */
#include "os/attr.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int attr_set_mode(int fd, uint32_t mode, struct err *e, const char *what)
{
	return fchmod(fd, mode & 07777) == 0 ? 0 : err_sys(e, "set mode of %s", what);
}

int attr_set_owner(int fd, uint32_t uid, uint32_t gid, struct err *e, const char *what)
{
	return fchown(fd, uid, gid) == 0 ? 0 : err_sys(e, "set owner of %s", what);
}

int attr_set_owner_at(int dirfd, const char *name, uint32_t uid, uint32_t gid, struct err *e)
{
	if (fchownat(dirfd, name, uid, gid, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	return err_sys(e, "set owner of %s", name);
}
