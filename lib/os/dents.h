/* Reading a directory with getdents64 into the caller's memory. For lib/os itself. */
#ifndef WS_OS_DENTS_H
#define WS_OS_DENTS_H

#include "base/defs.h"

enum { DENTS_BYTES_MIN = 4096 };

struct dents {
	int fd; /* the caller's, open for reading */
	char *bytes;
	size_t cap; /* at least DENTS_BYTES_MIN */
	size_t at, len;
};

struct dents_entry {
	const char *name; /* in the memory of struct dents; valid until it is refilled */
	size_t name_len;
	unsigned char type; /* DT_* */
};

/* Start reading `fd` where its offset is. */
struct dents dents_make(int fd, char *bytes, size_t cap);
/* Whether dents_next has to ask the kernel, which makes earlier names invalid. */
bool dents_empty(const struct dents *d);
/* The next entry but "." and "..": 1, 0 at the end, -1 and errno (EIO for a name that no file
 * can have). */
int dents_next(struct dents *d, struct dents_entry *out) MUST_CHECK;

#endif
