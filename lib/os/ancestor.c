/* Up the tree, directory by directory. */
#include "os/ancestor.h"

#include <fcntl.h>

#include "os/dir.h"
#include "os/file_meta.h"

int ancestor_is(int fd, int top, struct err *e)
{
	struct file_stat wanted, here, above;
	FD_AUTO at = openat(fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (at < 0 || file_meta_fd(top, &wanted) != 0 || file_meta_fd(at, &here) != 0)
		return err_sys(e, "look at a directory");
	for (int depth = 0; depth < DIR_DEPTH_MAX; depth++) {
		if (file_meta_same(&here, &wanted))
			return 1;
		int next = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (next < 0)
			return err_sys(e, "look at the directory above");
		file_close_auto(&at);
		at = next;
		if (file_meta_fd(at, &above) != 0)
			return err_sys(e, "look at the directory above");
		if (file_meta_same(&here, &above))
			return 0; /* the root is its own parent */
		here = above;
	}
	return err_set(e, ERR_KIND_DATA, "a directory that lies more than %d levels deep",
	               DIR_DEPTH_MAX);
}
