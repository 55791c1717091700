/* Open files: whole reads and writes, and replacing a file so that a crash leaves the old or the
 * new. */
#ifndef WS_OS_FILE_H
#define WS_OS_FILE_H

#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"

/* Close at the end of the scope; -1 is fine. */
void file_close_auto(int *fd);
#define FD_AUTO AUTO(file_close_auto) int
/* Close; -1 is fine. Errors of close are those of the last write and are reported. */
int file_close(int fd, struct err *e);
/* Hand the descriptor on: returns *fd and sets it to -1. */
int file_take(int *fd);

/* All `len` bytes, however often the kernel takes or gives less; EINTR is retried. `what` names the
 * object in messages. */
int file_write(int fd, const void *p, size_t len, struct err *e, const char *what) MUST_CHECK;
int file_pwrite(int fd, const void *p, size_t len, uint64_t offset, struct err *e,
                const char *what) MUST_CHECK;
/* Up to `len` bytes, fewer only at the end of the file. */
int file_read(int fd, void *p, size_t len, size_t *got, struct err *e, const char *what) MUST_CHECK;
/* What is there, at least one byte, 0 at the end: for pipes. */
int file_read_some(int fd, void *p, size_t len, size_t *got, struct err *e,
                   const char *what) MUST_CHECK;
int file_pread(int fd, void *p, size_t len, uint64_t offset, size_t *got, struct err *e,
               const char *what) MUST_CHECK;
/* Append the rest of the file to `out`; DATA when it goes over out's cap. */
int file_read_rest(int fd, struct buf *out, struct err *e, const char *what) MUST_CHECK;

/* fsync; a failure is final (the pages are gone), never retried. */
int file_sync(int fd, struct err *e, const char *what) MUST_CHECK;

struct file_stat {
	uint64_t size_bytes;
	uint64_t allocated_bytes; /* st_blocks * 512 */
	int64_t mtime_s, ctime_s;
	uint32_t mtime_ns, ctime_ns;
	uint32_t mode; /* with the type bits */
	uint32_t uid, gid;
	uint32_t nlink;
	uint64_t dev, ino;
	uint64_t mount_id; /* 0 when the kernel does not say */
	uint64_t rdev;
	bool encrypted; /* by the file system itself (fscrypt); false when the kernel does not say */
};
int file_stat(int fd, struct file_stat *out, struct err *e, const char *what) MUST_CHECK;
bool file_is_dir(const struct file_stat *s);
bool file_is_regular(const struct file_stat *s);
bool file_is_symlink(const struct file_stat *s);
bool file_is_fifo(const struct file_stat *s);

#endif
