/* getdents64 by hand: libc's readdir allocates, and has a small buffer. */
#include "os/dents.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Offsets in the kernel's struct linux_dirent64. */
enum { DENT_RECLEN_AT = 16, DENT_TYPE_AT = 18, DENT_NAME_AT = 19 };

struct dents dents_make(int fd, char *bytes, size_t cap)
{
	assert(cap >= DENTS_BYTES_MIN);
	return (struct dents){ .fd = fd, .bytes = bytes, .cap = cap };
}

bool dents_empty(const struct dents *d)
{
	return d->at >= d->len;
}

static int refill(struct dents *d)
{
	long got;
	do
		got = syscall(SYS_getdents64, d->fd, d->bytes, d->cap);
	while (got < 0 && errno == EINTR);
	/* A directory that was removed while it was open has no entries. */
	if (got < 0 && errno == ENOENT)
		got = 0;
	d->at = 0;
	d->len = got > 0 ? (size_t)got : 0;
	return got < 0 ? -1 : got > 0;
}

static bool is_dots(const char *name)
{
	return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

/* Take the record at the front. A file system in user space may say anything: checked. */
static int take(struct dents *d, struct dents_entry *out)
{
	const char *record = d->bytes + d->at;
	size_t left = d->len - d->at;
	uint16_t record_len = 0;
	if (left > DENT_NAME_AT)
		memcpy(&record_len, record + DENT_RECLEN_AT, sizeof(record_len));
	if (record_len <= DENT_NAME_AT || record_len > left) {
		errno = EIO;
		return -1;
	}
	out->name = record + DENT_NAME_AT;
	out->name_len = strnlen(out->name, record_len - DENT_NAME_AT);
	out->type = (unsigned char)record[DENT_TYPE_AT];
	d->at += record_len;
	bool ends = out->name_len < (size_t)record_len - DENT_NAME_AT;
	if (!ends || out->name_len == 0 || memchr(out->name, '/', out->name_len)) {
		errno = EIO;
		return -1;
	}
	return 0;
}

int dents_next(struct dents *d, struct dents_entry *out)
{
	do {
		int more = dents_empty(d) ? refill(d) : 1;
		if (more <= 0)
			return more;
		if (take(d, out) != 0)
			return -1;
	} while (is_dots(out->name));
	return 1;
}
