/*
 * A depth-first walk beneath a descriptor. Entries of a directory come sorted by bytes (so the
 * order is the same everywhere), a directory before its content, and once more after it when asked.
 * No link is followed, no allocation per entry, open descriptors are bounded.
 */
#ifndef WS_OS_WALK_H
#define WS_OS_WALK_H

#include "base/defs.h"
#include "base/err.h"
#include "os/file.h"

struct walk_options {
	bool directories_after; /* return each directory again when its content is done */
	bool one_file_system;   /* do not descend into mounts; they are returned with is_mount */
	bool no_stat;           /* leave entry.stat zero but for the type bits of mode (d_type) */
	bool unsorted;          /* kernel order */
	bool key_order; /* paths come in byte order, as S3 lists keys: a directory sorts as "name/" */
};

/* Path, name and dirfd are valid until the next call. */
struct walk_entry {
	const char *path; /* relative to the root of the walk, no leading "./" */
	const char *name; /* last component, inside path */
	int dirfd;        /* the open parent */
	unsigned depth;   /* 0 for the root's children */
	bool after;       /* a directory, after its content */
	bool is_mount;    /* a directory on another mount than its parent; not descended */
	struct file_stat stat;
};

struct walk; /* opaque */

/* Walk what is below `dirfd` (not `dirfd` itself); the descriptor stays the caller's. */
int walk_open(int dirfd, const struct walk_options *options, struct walk **out,
              struct err *e) MUST_CHECK;
/* 1 and *entry, 0 at the end, -1 on error. An error on one entry (vanished, unreadable
 * directory) names it in `e`, and the walk goes on with the next call; after walk_failed() it is
 * over. A directory that was skipped, is a mount or could not be opened does not come again. */
int walk_next(struct walk *w, struct walk_entry *entry, struct err *e) MUST_CHECK;
bool walk_failed(const struct walk *w);
/* Do not descend into the directory that was just returned. */
void walk_skip(struct walk *w);
void walk_close(struct walk *w);
void walk_close_auto(struct walk **w);
#define WALK_AUTO AUTO(walk_close_auto) struct walk *

#endif
