/*
 * Files of a workspace for who is not at work in it: looked at, put in, moved out, while the session goes on. Every path is
 * relative to the workspace's directory and stays beneath it; no link is followed, as the agent can plant them.
 */
#ifndef WS_WS_INSIDE_H
#define WS_WS_INSIDE_H

#include "base/defs.h"
#include "base/err.h"
#include "base/progress.h"
#include "crypto/digest.h"
#include "os/file.h"
#include "ws/base_dir.h"
#include "ws/record.h"

struct inside {
	const struct base_dir *base;
	struct record record;
	int fd; /* the workspace's directory */
	/* inside_put and inside_move look for what is in the way, and change nothing. */
	bool dry_run;
	struct progress
		*progress; /* where inside_put and inside_move count what they copy; may be NULL */
};

/* Open the workspace `id`; its lock is not needed. NOT_FOUND when there is none, or when what lies in its place is something
 * else. */
int inside_open(const struct base_dir *b, const char *id, struct inside *out,
                struct err *e) MUST_CHECK;
void inside_close(struct inside *in);
#define INSIDE_AUTO AUTO(inside_close) struct inside

/* A path that a user gave: not empty, not absolute, no "..". Errors: USAGE. */
int inside_check_path(const char *path, struct err *e) MUST_CHECK;

/* Open a file for reading; over `max_bytes` it is refused before a byte is read: DATA. */
int inside_read(const struct inside *in, const char *path, uint64_t max_bytes, int *fd,
                struct file_stat *st, struct err *e) MUST_CHECK;

/* What came in or went out. */
struct inside_copied {
	uint64_t size_bytes;
	char sha256[DIGEST_SHA256_HEX]; /* "" when the file was renamed, not copied */
};

/* Copy from one descriptor to another (-1: only hash it), at most `max_bytes` (DATA beyond), and count it in `progress`, which
 * may be NULL; `what` names the source. */
int inside_copy(int from, int to, uint64_t max_bytes, struct progress *progress,
                struct inside_copied *out, struct err *e, const char *what) MUST_CHECK;

struct inside_put {
	bool force;         /* replace a file (never a directory) that is there: else CONFLICT */
	uint32_t mode;      /* of the new file */
	uint64_t max_bytes; /* DATA beyond */
};
/* The rest of `from` becomes the file `path`: whole or not at all. Run by root, it belongs to whom its directory
 * belongs to. */
int inside_put(const struct inside *in, int from, const char *path, const struct inside_put *how,
               struct inside_copied *out, struct err *e) MUST_CHECK;

/* Remove from the base's staging what a put left there when it was killed, an hour ago or more. Best effort. */
void inside_put_sweep(const struct base_dir *b);
/* The same beside the place where a file was to go (DIR_TEMP_PREFIX): where no rename leads from the staging. */
void inside_put_sweep_dir(int dir);

/* Move the file `path` to `name` in the directory `to`, which is outside: never over something (CONFLICT). A rename; or,
 * where that can't be (another file system, a file with other names) a copy, on disk before the file goes. A file that
 * changes meanwhile stays: TRY_AGAIN. What lies there already with the same content is taken for the copy of a move that was
 * killed, and the file goes. */
int inside_move(const struct inside *in, const char *path, int to, const char *name,
                struct inside_copied *out, struct err *e) MUST_CHECK;

#endif
