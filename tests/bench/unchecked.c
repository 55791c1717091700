/*
 * What path safety costs, for archive.sh: the same program with the checks of paths taken out of its system calls. Opening
 * follows symlinks, leaves the directory where the path says so, and writes to what is there already.
 * Linked with --wrap=openat,--wrap=syscall: every call of lib/os comes here instead.
 */
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

int __real_openat(int dirfd, const char *path, int flags, ...);
int __wrap_openat(int dirfd, const char *path, int flags, ...);
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

int __wrap_openat(int dirfd, const char *path, int flags, ...)
{
	va_list args;
	va_start(args, flags);
	int mode = flags & O_CREAT ? va_arg(args, int) : 0;
	va_end(args);
	return __real_openat(dirfd, path, flags & ~(O_EXCL | O_NOFOLLOW), mode);
}

long __wrap_syscall(long number, ...)
{
	long a[6];
	va_list args;
	va_start(args, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (number != SYS_openat2)
		return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	const struct open_how *how = (const struct open_how *)a[2];
	return __wrap_openat((int)a[0], (const char *)a[1], (int)how->flags, (int)how->mode);
}
