/* renameat2(RENAME_EXCHANGE). */
#include "os/swap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "os/dir_path.h"

int swap_names(int a_dir, const char *a, int b_dir, const char *b, struct err *e)
{
	if (dir_path_check_name(a, e) != 0 || dir_path_check_name(b, e) != 0)
		return -1;
	if (renameat2(a_dir, a, b_dir, b, RENAME_EXCHANGE) == 0)
		return 1;
	/* EINVAL: this file system can't; ENOSYS and EPERM: this kernel or its filter. */
	if (errno == EINVAL || errno == ENOSYS || errno == EPERM)
		return 0;
	return err_sys(e, "exchange %s and %s", a, b);
}
