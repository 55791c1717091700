/* Files and directories beneath a held descriptor. */
#include "os/dir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/mem.h"
#include "os/dents.h"
#include "os/dir_names.h"
#include "os/dir_path.h"
#include "os/file_meta.h"
#include "os/sys.h"

enum { OPEN_DIR = O_RDONLY | O_DIRECTORY | O_CLOEXEC };

/* ---- paths of the user's choice: links are followed ---- */

/* As dir_path_fail, but a file in place of a directory is the user's mistake: not found. */
static int user_fail(struct err *e, const char *verb, const char *path)
{
	if (errno != ENOTDIR)
		return err_sys(e, "%s %s", verb, path);
	return err_set(e, ERR_KIND_NOT_FOUND, "%s %s: not a directory", verb, path);
}

int dir_open_root(const char *path, int *fd, struct err *e)
{
	if (*path == '\0')
		return err_set(e, ERR_KIND_USAGE, "empty path");
	*fd = open(path, OPEN_DIR);
	return *fd >= 0 ? 0 : user_fail(e, "open", path);
}

/* Make the directory `name` and its entry durable; being there already is fine. */
static int make_one(int at, const char *name)
{
	if (mkdirat(at, name, 0755) != 0)
		return errno == EEXIST ? 0 : -1;
	/* A parent that may be searched but not read can't be synced; the directory is made all
	 * the same. */
	FD_AUTO parent = openat(at, ".", OPEN_DIR);
	return parent < 0 || fsync(parent) == 0 || errno == EINVAL ? 0 : -1;
}

int dir_make_root(const char *path, int *fd, struct err *e)
{
	struct err ignored = ERR_INIT;
	if (dir_open_root(path, fd, &ignored) == 0)
		return 0;
	FD_AUTO at = open(*path == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct str rest = str_of(path);
	struct str component;
	while (at >= 0 && dir_path_next(&rest, &component)) {
		char name[DIR_NAME_MAX + 1];
		errno = ENAMETOOLONG;
		if (str_copy(component, name, sizeof(name)) != 0)
			return err_sys(e, "make %s", path);
		int next = openat(at, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (next < 0 && errno == ENOENT && make_one(at, name) == 0)
			next = openat(at, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		file_close_auto(&at);
		at = next;
	}
	if (at < 0)
		return user_fail(e, "make", path);
	return dir_open_root(path, fd, e);
}

static int check_regular(int fd, const char *path, struct err *e)
{
	struct file_stat st;
	if (file_stat(fd, &st, e, path) != 0)
		return -1;
	if (file_is_regular(&st))
		return 0;
	return err_set(e, ERR_KIND_DATA, "open %s: %s", path,
	               file_is_dir(&st) ? "is a directory" : "not a regular file");
}

int dir_open_user_file(const char *path, bool any_type, int *fd, struct err *e)
{
	*fd = -1;
	int no_wait = any_type ? 0 : O_NONBLOCK;
	FD_AUTO opened = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | no_wait);
	if (opened < 0)
		return user_fail(e, "open", path);
	if (!any_type && check_regular(opened, path, e) != 0)
		return -1;
	*fd = file_take(&opened);
	return 0;
}

int dir_open_user_parent(const char *path, int *parent, char name[DIR_NAME_MAX + 1], struct err *e)
{
	size_t len = strlen(path);
	while (len > 1 && path[len - 1] == '/')
		len--;
	struct str head;
	struct str last;
	bool has_slash = str_cut_last(str_from(path, len), '/', &head, &last);
	if (last.len == 0 || str_is(last, ".") || str_is(last, ".."))
		return err_set(e, ERR_KIND_USAGE, "path does not end in a name: \"%s\"", path);
	errno = ENAMETOOLONG;
	if (str_copy(last, name, DIR_NAME_MAX + 1) != 0)
		return err_sys(e, "open %s", path);
	if (has_slash && head.len == 0)
		head = S("/");
	MEM_AUTO char *directory = has_slash ? mem_str(head) : mem_text(".");
	return dir_open_root(directory, parent, e);
}

/* ---- beneath a descriptor: nothing is followed ---- */

static int open_checked(int dirfd, const char *path, int flags, int *fd, struct err *e)
{
	*fd = -1;
	if (dir_path_check(str_of(path), e) != 0)
		return -1;
	*fd = dir_path_open(dirfd, str_of(path), flags);
	return *fd >= 0 ? 0 : dir_path_fail(e, "open", path);
}

int dir_open(int dirfd, const char *path, int *fd, struct err *e)
{
	return open_checked(dirfd, path, OPEN_DIR, fd, e);
}

int dir_make(int dirfd, const char *path, uint32_t mode, int *fd, struct err *e)
{
	*fd = -1;
	if (dir_path_check(str_of(path), e) != 0)
		return -1;
	*fd = dir_path_make(dirfd, str_of(path), mode);
	return *fd >= 0 ? 0 : dir_path_fail(e, "make", path);
}

/* The parent of `path` opened with `flags`, and the last component in `name` ("" when there is
 * none). */
static int open_parent(int dirfd, const char *path, int flags, int *parent,
                       char name[DIR_NAME_MAX + 1], struct err *e)
{
	*parent = -1;
	if (dir_path_check(str_of(path), e) != 0)
		return -1;
	struct str head;
	struct str last;
	dir_path_split(str_of(path), &head, &last);
	errno = ENAMETOOLONG;
	if (str_copy(last, name, DIR_NAME_MAX + 1) == 0)
		*parent = dir_path_open(dirfd, head, flags);
	return *parent >= 0 ? 0 : dir_path_fail(e, "open parent of", path);
}

int dir_open_parent(int dirfd, const char *path, int *parent, char name[DIR_NAME_MAX + 1],
                    struct err *e)
{
	if (open_parent(dirfd, path, OPEN_DIR, parent, name, e) != 0)
		return -1;
	if (name[0] != '\0')
		return 0;
	file_close_auto(parent);
	return err_set(e, ERR_KIND_USAGE, "path without a name: \"%s\"", path);
}

int dir_open_file(int dirfd, const char *path, int *fd, struct err *e)
{
	FD_AUTO opened = -1;
	*fd = -1;
	if (open_checked(dirfd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, &opened, e) != 0 ||
	    check_regular(opened, path, e) != 0)
		return -1;
	*fd = file_take(&opened);
	return 0;
}

int dir_create_file(int dirfd, const char *name, uint32_t mode, int *fd, struct err *e)
{
	*fd = -1;
	if (dir_path_check_name(name, e) != 0)
		return -1;
	*fd = openat(dirfd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	return *fd >= 0 ? 0 : err_sys(e, "create %s", name);
}

/* Where the file system knows no files without a name it has one for as long as it takes to open it. */
int dir_create_nameless(int dirfd, int *fd, struct err *e)
{
	char name[sizeof(DIR_TEMP_PREFIX) + 16] = DIR_TEMP_PREFIX;
	*fd = openat(dirfd, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	if (*fd >= 0)
		return 0;
	sys_random_name(name + sizeof(DIR_TEMP_PREFIX) - 1);
	return dir_create_file(dirfd, name, 0600, fd, e) || dir_unlink(dirfd, name, e) ? -1 : 0;
}

int dir_stat(int dirfd, const char *path, struct file_stat *out, struct err *e)
{
	FD_AUTO parent = -1;
	char name[DIR_NAME_MAX + 1];
	/* One component needs no way to it. */
	if (path[0] != '\0' && path[0] != '.' && !strchr(path, '/') && strlen(path) <= DIR_NAME_MAX)
		return file_meta_at(dirfd, path, out) == 0 ? 0 : dir_path_fail(e, "stat", path);
	if (open_parent(dirfd, path, O_PATH | O_DIRECTORY, &parent, name, e) != 0)
		return -1;
	int rc = name[0] != '\0' ? file_meta_at(parent, name, out) : file_meta_fd(parent, out);
	return rc == 0 ? 0 : dir_path_fail(e, "stat", path);
}

int dir_exists(int dirfd, const char *path, struct err *e)
{
	struct file_stat st;
	struct err why = ERR_INIT;
	if (dir_stat(dirfd, path, &st, &why) == 0)
		return 1;
	if (why.kind == ERR_KIND_NOT_FOUND)
		return 0;
	if (!err_is(e))
		*e = why;
	return -1;
}

int dir_read_link(int dirfd, const char *path, struct buf *out, struct err *e)
{
	FD_AUTO parent = -1;
	char name[DIR_NAME_MAX + 1];
	char target[PATH_MAX];
	if (open_parent(dirfd, path, O_PATH | O_DIRECTORY, &parent, name, e) != 0)
		return -1;
	ssize_t len = readlinkat(parent, name, target, sizeof(target));
	if (len < 0 && errno == EINVAL)
		return err_set(e, ERR_KIND_DATA, "read link %s: not a symbolic link", path);
	if (len < 0)
		return dir_path_fail(e, "read link", path);
	if ((size_t)len == sizeof(target))
		return err_set(e, ERR_KIND_DATA, "read link %s: target too long", path);
	buf_add(out, target, (size_t)len);
	return buf_check(out, e, path);
}

int dir_read_file(int dirfd, const char *path, struct buf *out, struct err *e)
{
	FD_AUTO fd = -1;
	if (dir_open_file(dirfd, path, &fd, e) != 0)
		return -1;
	return file_read_rest(fd, out, e, path);
}

/* Make the temporary file `temp` with the content, on disk. */
static int write_beside(int dirfd, const char *temp, const void *p, size_t len, uint32_t mode,
                        struct err *e)
{
	FD_AUTO fd = -1;
	if (dir_create_file(dirfd, temp, mode, &fd, e) != 0)
		return -1;
	if (file_write(fd, p, len, e, temp) == 0 && file_sync(fd, e, temp) == 0 &&
	    file_close(file_take(&fd), e) == 0)
		return 0;
	unlinkat(dirfd, temp, 0);
	return -1;
}

int dir_replace_file(int dirfd, const char *name, const void *p, size_t len, uint32_t mode,
                     struct err *e)
{
	if (dir_path_check_name(name, e) != 0)
		return -1;
	char temp[sizeof(DIR_TEMP_PREFIX) + 10] = DIR_TEMP_PREFIX;
	sys_random_name(temp + strlen(temp));
	if (write_beside(dirfd, temp, p, len, mode, e) != 0)
		return err_context(e, "replace %s", name);
	if (renameat(dirfd, temp, dirfd, name) != 0) {
		err_sys(e, "replace %s", name);
		unlinkat(dirfd, temp, 0);
		return -1;
	}
	return dir_sync(dirfd, e);
}

/* ---- names and file systems ---- */

static int rename_noreplace(int from_dir, const char *from, int to_dir, const char *to)
{
	if (renameat2(from_dir, from, to_dir, to, RENAME_NOREPLACE) == 0)
		return 0;
	/* EINVAL: this file system can't; ENOSYS and EPERM: this kernel or its filter. */
	if (errno != EINVAL && errno != ENOSYS && errno != EPERM)
		return -1;
	return dir_names_move(from_dir, from, to_dir, to);
}

int dir_rename(int from_dir, const char *from, int to_dir, const char *to, bool noreplace,
               struct err *e)
{
	if (dir_path_check_name(from, e) != 0 || dir_path_check_name(to, e) != 0)
		return -1;
	int rc = noreplace ? rename_noreplace(from_dir, from, to_dir, to)
	                   : renameat(from_dir, from, to_dir, to);
	return rc == 0 ? 0 : err_sys(e, "rename %s to %s", from, to);
}

int dir_unlink(int dirfd, const char *name, struct err *e)
{
	if (dir_path_check_name(name, e) != 0)
		return -1;
	return unlinkat(dirfd, name, 0) == 0 || errno == ENOENT ? 0 : err_sys(e, "unlink %s", name);
}

int dir_sync(int dirfd, struct err *e)
{
	return fsync(dirfd) == 0 || errno == EINVAL ? 0 : err_sys(e, "fsync directory");
}

int dir_sync_all(int dirfd, struct err *e)
{
	return syncfs(dirfd) == 0 ? 0 : err_sys(e, "sync file system");
}

static uint64_t times(uint64_t a, uint64_t b)
{
	uint64_t product;
	return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

int dir_space(int dirfd, struct dir_space *out, struct err *e)
{
	struct statvfs fs;
	if (fstatvfs(dirfd, &fs) != 0)
		return err_sys(e, "free space");
	*out = (struct dir_space){
		.total_bytes = times(fs.f_blocks, fs.f_frsize),
		.free_bytes = times(fs.f_bavail, fs.f_frsize),
		.total_inodes = fs.f_files,
		.free_inodes = fs.f_favail,
	};
	return 0;
}

bool dir_holds(int dirfd, const char *prefix)
{
	char bytes[DENTS_BYTES_MIN];
	struct dents in = dents_make(dirfd, bytes, sizeof(bytes));
	struct dents_entry entry;
	while (dents_next(&in, &entry) > 0) {
		if (strncmp(entry.name, prefix, strlen(prefix)) == 0)
			return true;
	}
	return false;
}

int dir_list(int dirfd, size_t max_entries, char ***names, size_t *count, struct err *e)
{
	/* A descriptor of its own, because reading moves the offset. */
	FD_AUTO fd = openat(dirfd, ".", OPEN_DIR);
	if (fd < 0)
		return err_sys(e, "read directory");
	BUF_AUTO text = buf_make(SIZE_MAX);
	if (dir_names_read(fd, max_entries, &text, count) == 0) {
		*names = dir_names_sorted(&text, *count);
		return 0;
	}
	if (errno == E2BIG)
		return err_set(e, ERR_KIND_DATA, "more than %zu names in a directory", max_entries);
	return err_sys(e, "read directory");
}
