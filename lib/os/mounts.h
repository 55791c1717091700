/* /proc/self/mountinfo. Where it can't be read the answer is an error, never "no mounts". */
#ifndef WS_OS_MOUNTS_H
#define WS_OS_MOUNTS_H

#include "base/defs.h"
#include "base/err.h"

enum { MOUNTS_TEXT_MAX = 4096 };

struct mount {
	uint64_t id;
	uint32_t major, minor; /* of the device; major 0: it has none of its own */
	char *mount_point;     /* octal escapes decoded */
	char *root;            /* path within the file system */
	char *fs_type;
	char *source;
	bool read_only;
};

struct mounts {
	struct mount *list;
	size_t count;
};

int mounts_read(struct mounts *out, struct err *e) MUST_CHECK;
/* The same from text, for tests. */
int mounts_parse(const char *text, size_t len, struct mounts *out, struct err *e) MUST_CHECK;
void mounts_free(struct mounts *m);
#define MOUNTS_AUTO AUTO(mounts_free) struct mounts

/* The deepest mount at or above an absolute, normalised path; NULL when there is none. The last
 * of several on one point wins. */
const struct mount *mounts_at(const struct mounts *m, const char *path);
/* The first mount strictly below `path` or at it; NULL when there is none. */
const struct mount *mounts_below(const struct mounts *m, const char *path);

#endif
