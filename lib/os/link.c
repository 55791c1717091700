/* Symbolic links for the applets' names. */
#include "os/link.h"

#include <limits.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "os/dir.h"

int link_replace(int dirfd, const char *name, const char *target, struct err *e)
{
	struct file_stat st;
	struct err why = ERR_INIT;
	if (dir_stat(dirfd, name, &st, &why) == 0) {
		if (!file_is_symlink(&st))
			return err_set(e, ERR_KIND_CONFLICT, "%s is there and is not a link", name);
		if (dir_unlink(dirfd, name, e))
			return -1;
	}
	if (symlinkat(target, dirfd, name))
		return err_sys(e, "make link %s", name);
	return 0;
}

int link_own_program(char **path, struct err *e)
{
	char text[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", text, sizeof(text) - 1);
	if (n < 0)
		return err_sys(e, "find the path of this program: read /proc/self/exe");
	text[n] = '\0';
	*path = mem_text(text);
	return 0;
}
