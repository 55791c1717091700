/* openat2 where it works, one component after the other where it does not. */
#include "os/dir_path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/file_meta.h"

/* RESOLVE_BENEATH answers EAGAIN when anything was renamed on the system meanwhile. */
enum { OPENAT2_TRIES = 128 };

enum { STEP_FLAGS = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

bool dir_path_next(struct str *rest, struct str *component)
{
	while (rest->len > 0) {
		str_cut(*rest, '/', component, rest);
		if (component->len > 0 && !str_is(*component, "."))
			return true;
	}
	*component = str_head(*rest, 0);
	return false;
}

int dir_path_check(struct str path, struct err *e)
{
	struct str rest = path;
	struct str component;
	size_t depth = 0;
	while (dir_path_next(&rest, &component)) {
		if (str_is(component, ".."))
			return err_set(e, ERR_KIND_USAGE, "path with \"..\": %" STR_FMT,
			               STR_ARG(path));
		if (component.len > DIR_NAME_MAX) {
			errno = ENAMETOOLONG;
			return err_sys(e, "%" STR_FMT, STR_ARG(path));
		}
		if (++depth > DIR_DEPTH_MAX)
			return err_set(e, ERR_KIND_DATA, "path deeper than %d directories",
			               DIR_DEPTH_MAX);
	}
	return 0;
}

int dir_path_check_name(const char *name, struct err *e)
{
	size_t len = strlen(name);
	if (len == 0 || strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return err_set(e, ERR_KIND_USAGE, "not a file name: \"%s\"", name);
	if (len > DIR_NAME_MAX)
		return err_set(e, ERR_KIND_USAGE, "file name longer than %d bytes: %s",
		               DIR_NAME_MAX, name);
	return 0;
}

void dir_path_split(struct str path, struct str *parent, struct str *name)
{
	struct str rest = path;
	struct str component;
	*name = str_head(path, 0);
	while (dir_path_next(&rest, &component))
		*name = component;
	*parent = str_head(path, name->len > 0 ? (size_t)(name->p - path.p) : 0);
}

/* The path without "." and empty components into `out`; false when the kernel would find it too
 * long. */
static bool normalise(struct str path, char out[PATH_MAX])
{
	size_t len = 0;
	struct str component;
	while (dir_path_next(&path, &component)) {
		if (len + 1 + component.len >= PATH_MAX)
			return false;
		if (len > 0)
			out[len++] = '/';
		memcpy(out + len, component.p, component.len);
		len += component.len;
	}
	if (len == 0)
		out[len++] = '.';
	out[len] = '\0';
	return true;
}

static int open_at_once(int dirfd, const char *path, int flags)
{
	struct open_how how = {
		.flags = (unsigned)flags,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	long fd;
	int tries = 0;
	do
		fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
	while (fd < 0 && (errno == EINTR || (errno == EAGAIN && ++tries < OPENAT2_TRIES)));
	return (int)fd;
}

/* Open one component. A link is ELOOP even where the kernel says that it is no directory. */
static int open_step(int dirfd, struct str component, int flags)
{
	char name[DIR_NAME_MAX + 1];
	struct file_stat st;
	if (str_copy(component, name, sizeof(name)) != 0) {
		errno = ENAMETOOLONG;
		return -1;
	}
	int fd;
	do
		fd = openat(dirfd, name, flags);
	while (fd < 0 && errno == EINTR);
	if (fd >= 0 || errno != ENOTDIR)
		return fd;
	errno = file_meta_at(dirfd, name, &st) == 0 && file_is_symlink(&st) ? ELOOP : ENOTDIR;
	return -1;
}

/* Go down to the directory `path`: a descriptor of it in *held (closed by the caller's scope), or
 * `dirfd` itself for no components. Returns the descriptor to use. */
static int descend(int dirfd, struct str path, int *held)
{
	int at = dirfd;
	struct str component;
	while (dir_path_next(&path, &component)) {
		int next = open_step(at, component, STEP_FLAGS);
		file_close_auto(held);
		if (next < 0)
			return -1;
		*held = next;
		at = next;
	}
	return at;
}

static int open_in_steps(int dirfd, struct str path, int flags)
{
	FD_AUTO held = -1;
	struct str parent;
	struct str name;
	dir_path_split(path, &parent, &name);
	int at = descend(dirfd, parent, &held);
	if (at < 0)
		return -1;
	return open_step(at, name.len > 0 ? name : S("."), flags);
}

int dir_path_open(int dirfd, struct str path, int flags)
{
	char normal[PATH_MAX];
	flags |= O_NOFOLLOW | O_CLOEXEC;
	if (normalise(path, normal)) {
		int fd = open_at_once(dirfd, normal, flags);
		if (fd >= 0 || errno == ENOENT)
			return fd;
	}
	/* No openat2, forbidden by a filter, or an error: the base method has the last word, so
	 * that both give the same answers. Failure is not remembered: it costs one call. */
	return open_in_steps(dirfd, path, flags);
}

/* Open the directory `component`, made first when it is absent. */
static int make_step(int dirfd, struct str component, uint32_t mode)
{
	char name[DIR_NAME_MAX + 1];
	int fd = open_step(dirfd, component, STEP_FLAGS);
	if (fd >= 0 || errno != ENOENT || str_copy(component, name, sizeof(name)) != 0)
		return fd;
	if (mkdirat(dirfd, name, mode) != 0 && errno != EEXIST)
		return -1;
	return open_step(dirfd, component, STEP_FLAGS);
}

int dir_path_make(int dirfd, struct str path, uint32_t mode)
{
	int fd = dir_path_open(dirfd, path, O_RDONLY | O_DIRECTORY);
	if (fd >= 0 || errno != ENOENT)
		return fd;
	FD_AUTO held = -1;
	int at = dirfd;
	struct str component;
	while (dir_path_next(&path, &component)) {
		int next = make_step(at, component, mode);
		file_close_auto(&held);
		if (next < 0)
			return -1;
		held = next;
		at = next;
	}
	return openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int dir_path_fail(struct err *e, const char *verb, const char *path)
{
	int number = errno;
	if (err_is(e))
		return -1;
	if (number == ELOOP)
		err_set(e, ERR_KIND_DATA, "%s %s: a symbolic link, which is not followed", verb,
		        path);
	else if (number == ENOTDIR)
		err_set(e, ERR_KIND_DATA, "%s %s: not a directory", verb, path);
	else
		return err_sys(e, "%s %s", verb, path);
	e->sys_errno = number;
	errno = number;
	return -1;
}
