/*
 * Everything beneath a held directory descriptor. A relative path is split into components; "." and
 * empty ones are dropped, ".." and NUL are refused, and no symlink is followed in any position
 * unless said otherwise. openat2(RESOLVE_BENEATH|NO_SYMLINKS|NO_MAGICLINKS) is used when the kernel
 * has it (ENOSYS, EPERM, EACCES-without-reason, E2BIG, EINVAL mean it has not), else each component
 * is opened in turn; both give the same answers. A link, or a file in place of a directory, is a
 * DATA error, not absence.
 */
#ifndef WS_OS_DIR_H
#define WS_OS_DIR_H

#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "os/file.h"

enum { DIR_NAME_MAX = 255, DIR_DEPTH_MAX = 4096 };

/* How the names of temporary files of dir_replace_file begin; what a crash left may be unlinked. */
#define DIR_TEMP_PREFIX ".ws-tmp-"

/* Open a directory by a path of the user's choice (links in it are followed, as the user's shell
 * would). For bases and operands only; everything below goes through the descriptor. */
int dir_open_root(const char *path, int *fd, struct err *e) MUST_CHECK;
/* The same, and make missing directories (mode 0755 & ~umask). */
int dir_make_root(const char *path, int *fd, struct err *e) MUST_CHECK;
/* Open a file named by the user for reading; links are followed. It is opened without blocking and
 * refused unless regular; with `any_type` it may be anything, and opening a FIFO waits. */
int dir_open_user_file(const char *path, bool any_type, int *fd, struct err *e) MUST_CHECK;
/* Split a user's path into an open parent directory and a last component (copied to name[256]). The
 * parent must exist; links in it are followed. "/" , "." and ".." as last component are refused. */
int dir_open_user_parent(const char *path, int *parent, char name[DIR_NAME_MAX + 1],
                         struct err *e) MUST_CHECK;

/* Open the directory at `path` beneath `dirfd` ("" and "." give a new descriptor of dirfd). */
int dir_open(int dirfd, const char *path, int *fd, struct err *e) MUST_CHECK;
/* The same, making what is missing with `mode`. */
int dir_make(int dirfd, const char *path, uint32_t mode, int *fd, struct err *e) MUST_CHECK;
/* Open the parent of `path` and copy the last component to `name`. Errors: USAGE when the path
 * is empty. */
int dir_open_parent(int dirfd, const char *path, int *parent, char name[DIR_NAME_MAX + 1],
                    struct err *e) MUST_CHECK;

/* Open a regular file for reading: O_NONBLOCK|O_NOFOLLOW, then refused unless regular. */
int dir_open_file(int dirfd, const char *path, int *fd, struct err *e) MUST_CHECK;
/* Make a new file for writing: O_CREAT|O_EXCL|O_NOFOLLOW. `name` is one component. */
int dir_create_file(int dirfd, const char *name, uint32_t mode, int *fd, struct err *e) MUST_CHECK;
/* The same for a file of our own without a name, to write and to read; it goes when it is closed. */
int dir_create_nameless(int dirfd, int *fd, struct err *e) MUST_CHECK;
/* Metadata of the thing itself, never of a link's target. NOT_FOUND when absent. */
int dir_stat(int dirfd, const char *path, struct file_stat *out, struct err *e) MUST_CHECK;
/* Whether `path` is there: 1, 0, or -1 for an error other than absence. */
int dir_exists(int dirfd, const char *path, struct err *e) MUST_CHECK;
/* A link's target, appended to `out`. */
int dir_read_link(int dirfd, const char *path, struct buf *out, struct err *e) MUST_CHECK;

/* Append the content of a regular file to `out`. */
int dir_read_file(int dirfd, const char *path, struct buf *out, struct err *e) MUST_CHECK;
/* Replace (or make) the file `name`: temporary file beside it, write, fsync, rename, fsync of
 * the directory. `name` is one component. */
int dir_replace_file(int dirfd, const char *name, const void *p, size_t len, uint32_t mode,
                     struct err *e) MUST_CHECK;

/* Rename within one file system; `noreplace`: an existing target is a CONFLICT
 * (RENAME_NOREPLACE, with the fallback link/unlink or check where the file system has none).
 * Names are single components. */
int dir_rename(int from_dir, const char *from, int to_dir, const char *to, bool noreplace,
               struct err *e) MUST_CHECK;
/* unlinkat of one name; absent is fine. */
int dir_unlink(int dirfd, const char *name, struct err *e) MUST_CHECK;
/* fsync of the directory; EINVAL (some network file systems) is tolerated. */
int dir_sync(int dirfd, struct err *e) MUST_CHECK;
/* syncfs: everything on this file system is on disk. */
int dir_sync_all(int dirfd, struct err *e) MUST_CHECK;

struct dir_space {
	uint64_t total_bytes, free_bytes; /* free to unprivileged users */
	uint64_t total_inodes, free_inodes;
};
int dir_space(int dirfd, struct dir_space *out, struct err *e) MUST_CHECK;

/* The names in one directory, sorted by bytes, without "." and "..", at most `max_entries` (DATA
 * error beyond). NULL-terminated array in one allocation; free with mem_free. */
int dir_list(int dirfd, size_t max_entries, char ***names, size_t *count, struct err *e) MUST_CHECK;
/* Whether a name that begins with `prefix` lies in the directory, which was just opened; one that can't be read holds none. */
bool dir_holds(int dirfd, const char *prefix);

#endif
