/* renameat2 for a musl 1.2.5 without Debian's patches (musl.sh adds it when the headers lack it). */
#include <stdio.h>

#include "syscall.h"

int renameat2(int old_dir, const char *old_path, int new_dir, const char *new_path, unsigned flags)
{
	return (int)syscall(SYS_renameat2, old_dir, old_path, new_dir, new_path, flags);
}
