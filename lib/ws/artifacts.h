/*
 * What a session made of its workspace: the files that it added, modified and removed since the start. Of a workspace that is
 * over, as it was when it was saved.
 */
#ifndef WS_WS_ARTIFACTS_H
#define WS_WS_ARTIFACTS_H

#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "ws/inside.h"
#include "ws/tree_list.h"

enum {
	ARTIFACTS_HASHED_MAX = 64 << 20
}; /* bytes that are read for hashes at the end of a workspace */

struct artifacts {
	int fd; /* the workspace's directory, the caller's; -1: it is over */
	bool start_known;
	uint64_t unread; /* places that could not be read */
	struct buf before, after, hashes;
	struct str hashes_left;
	struct tree_list_diff diff;
};

/* Of the workspace `id` whose directory is `fd`. DATA when the list of the start is damaged. */
int artifacts_open(const struct base_dir *b, const char *id, int fd, struct artifacts *out,
                   struct err *e) MUST_CHECK;
/* Note them for later: the directory is about to go. Hashes are those of the first ARTIFACTS_HASHED_MAX bytes' worth of files. */
int artifacts_note(const struct base_dir *b, const char *id, int fd, struct err *e) MUST_CHECK;
/* Of one that is over, as they were noted. NOT_FOUND when they were not. */
int artifacts_open_past(const struct base_dir *b, const char *id, struct artifacts *out,
                        struct err *e) MUST_CHECK;
void artifacts_close(struct artifacts *a);
#define ARTIFACTS_AUTO AUTO(artifacts_close) struct artifacts

struct artifact {
	struct str path; /* until the next one */
	const char *
		change; /* "added", "modified", "removed", "unchanged"; "unknown" when the start is not known (law 11) */
	struct file_stat stat; /* of a removed one: as it was */
	char sha256
		[DIGEST_SHA256_HEX]; /* of a file that was added or modified; "" when not known */
	struct err trouble;          /* why it has none though it should */
};
/* The next one (with `all`, of those that did not change, too): 1, 0 at the end, -1. */
int artifacts_next(struct artifacts *a, bool all, struct artifact *out, struct err *e) MUST_CHECK;

#endif
