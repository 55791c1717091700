/*
 * What a tree holds, by stat alone: a list that is cheap to take, and the difference between two of them. Directories are
 * not listed, what is in them is. Text: for each entry "TYPE MODE SIZE MTIME CTIME INODE PATH" and a NUL, numbers in
 * decimal, times in nanoseconds; in the order of a walk.
 */
#ifndef WS_WS_TREE_LIST_H
#define WS_WS_TREE_LIST_H

#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "os/file.h"

enum { TREE_LIST_BYTES_MAX = 64 << 20 };

struct tree_list_entry {
	struct str path;
	struct file_stat stat; /* mode, size_bytes, mtime, ctime, ino */
};

struct tree_list_take {
	int notify_fd;   /* from notify_open: each directory is watched before it is read; -1 */
	bool blind;      /* out: a directory could not be watched */
	uint64_t unread; /* out: directories that could not be read, files that vanished */
};

/* Append the list of what is below `dirfd`. Errors: DATA when it goes over the cap of `out`. */
int tree_list_take(int dirfd, struct tree_list_take *how, struct buf *out,
                   struct err *e) MUST_CHECK;

enum tree_list_change {
	TREE_LIST_SAME,
	TREE_LIST_ADDED,
	TREE_LIST_MODIFIED, /* size, mode, a time or the inode is another one */
	TREE_LIST_REMOVED
};
/* "added". */
const char *tree_list_change_name(enum tree_list_change c);

/* Reads two lists side by side, which stay the caller's. */
struct tree_list_diff {
	struct str rest[2];
	struct tree_list_entry entry[2];
	bool has[2];
};
int tree_list_diff_start(struct tree_list_diff *d, struct str before, struct str after,
                         struct err *e) MUST_CHECK;
/* 1, the next entry (as it is after; of a removed one: as it was) and what became of it; 0 at the end. Errors: DATA. */
int tree_list_diff_next(struct tree_list_diff *d, struct tree_list_entry *entry,
                        enum tree_list_change *change, struct err *e) MUST_CHECK;

#endif
