/* Whole reads and writes on open descriptors. */
#include "os/file.h"

#include <errno.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/file_meta.h"

enum { READ_CHUNK_MIN = 4096, READ_CHUNK_MAX = 1 << 20 };

void file_close_auto(int *fd)
{
	int kept = errno;
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = kept;
}

int file_close(int fd, struct err *e)
{
	/* Linux has freed the descriptor whatever close says; EINTR is no lost write. */
	if (fd < 0 || close(fd) == 0 || errno == EINTR)
		return 0;
	return err_sys(e, "close");
}

int file_take(int *fd)
{
	int taken = *fd;
	*fd = -1;
	return taken;
}

/* After a failed call: whether it is to be made again. A descriptor that somebody else made
 * non-blocking (a terminal, an inherited pipe) is waited for. */
static bool again(int fd, short events)
{
	if (errno == EINTR)
		return true;
	if (errno != EAGAIN)
		return false;
	struct pollfd wait_for = { .fd = fd, .events = events };
	return poll(&wait_for, 1, -1) > 0 || errno == EINTR;
}

int file_write(int fd, const void *p, size_t len, struct err *e, const char *what)
{
	const char *from = p;
	while (len > 0) {
		ssize_t put = write(fd, from, len);
		if (put < 0 && again(fd, POLLOUT))
			continue;
		if (put < 0)
			return err_sys(e, "write %s", what);
		if (put == 0)
			return err_set(e, ERR_KIND_IO, "write %s: the kernel takes no bytes", what);
		from += put;
		len -= (size_t)put;
	}
	return 0;
}

/* Where byte `len` of an access at `offset` is; false when off_t can't say it. */
static bool offset_fits(uint64_t offset, size_t len)
{
	uint64_t end;
	return !__builtin_add_overflow(offset, len, &end) && end <= INT64_MAX;
}

int file_pwrite(int fd, const void *p, size_t len, uint64_t offset, struct err *e, const char *what)
{
	const char *from = p;
	if (!offset_fits(offset, len))
		return err_set(e, ERR_KIND_DATA, "write %s: offset too large", what);
	while (len > 0) {
		ssize_t put = pwrite(fd, from, len, (off_t)offset);
		if (put < 0 && again(fd, POLLOUT))
			continue;
		if (put < 0)
			return err_sys(e, "write %s", what);
		if (put == 0)
			return err_set(e, ERR_KIND_IO, "write %s: the kernel takes no bytes", what);
		from += put;
		len -= (size_t)put;
		offset += (uint64_t)put;
	}
	return 0;
}

int file_read(int fd, void *p, size_t len, size_t *got, struct err *e, const char *what)
{
	char *to = p;
	*got = 0;
	while (*got < len) {
		ssize_t n = read(fd, to + *got, len - *got);
		if (n < 0 && again(fd, POLLIN))
			continue;
		if (n < 0)
			return err_sys(e, "read %s", what);
		if (n == 0)
			break;
		*got += (size_t)n;
	}
	return 0;
}

int file_read_some(int fd, void *p, size_t len, size_t *got, struct err *e, const char *what)
{
	ssize_t n;
	do
		n = read(fd, p, len);
	while (n < 0 && again(fd, POLLIN));
	*got = n > 0 ? (size_t)n : 0;
	return n >= 0 ? 0 : err_sys(e, "read %s", what);
}

int file_pread(int fd, void *p, size_t len, uint64_t offset, size_t *got, struct err *e,
               const char *what)
{
	char *to = p;
	*got = 0;
	if (!offset_fits(offset, len))
		return err_set(e, ERR_KIND_DATA, "read %s: offset too large", what);
	while (*got < len) {
		ssize_t n = pread(fd, to + *got, len - *got, (off_t)(offset + *got));
		if (n < 0 && again(fd, POLLIN))
			continue;
		if (n < 0)
			return err_sys(e, "read %s", what);
		if (n == 0)
			break;
		*got += (size_t)n;
	}
	return 0;
}

/* How much to ask for first: the size that the file has, if it says so, and one byte to see the
 * end. */
static size_t first_chunk(int fd)
{
	struct stat st;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size < READ_CHUNK_MIN)
		return READ_CHUNK_MIN;
	return st.st_size < READ_CHUNK_MAX ? (size_t)st.st_size + 1 : READ_CHUNK_MAX;
}

int file_read_rest(int fd, struct buf *out, struct err *e, const char *what)
{
	size_t chunk = first_chunk(fd);
	for (;;) {
		size_t left = out->max - out->len;
		size_t want = left < chunk ? left : chunk;
		char probe;
		char *to = want > 0 ? buf_room(out, want) : &probe;
		size_t got;
		if (file_read(fd, to, want > 0 ? want : 1, &got, e, what) != 0)
			return -1;
		if (want == 0 && got > 0) {
			/* A full buffer and still a byte: the cap's own message. */
			buf_add_char(out, probe);
			return buf_check(out, e, what);
		}
		buf_grew(out, want > 0 ? got : 0);
		if (got < want || want == 0)
			return 0;
	}
}

int file_sync(int fd, struct err *e, const char *what)
{
	return fsync(fd) == 0 ? 0 : err_sys(e, "fsync %s", what);
}

int file_stat(int fd, struct file_stat *out, struct err *e, const char *what)
{
	return file_meta_fd(fd, out) == 0 ? 0 : err_sys(e, "stat %s", what);
}

bool file_is_dir(const struct file_stat *s)
{
	return S_ISDIR(s->mode);
}

bool file_is_regular(const struct file_stat *s)
{
	return S_ISREG(s->mode);
}

bool file_is_symlink(const struct file_stat *s)
{
	return S_ISLNK(s->mode);
}

bool file_is_fifo(const struct file_stat *s)
{
	return S_ISFIFO(s->mode);
}
