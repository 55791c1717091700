/* One pass over a workspace's tree: when it was last touched, what it holds, whether something is mounted in it. */
#ifndef WS_GC_GC_TREE_H
#define WS_GC_GC_TREE_H

#include "base/defs.h"
#include "base/err.h"

struct gc_tree {
	int64_t newest_ms; /* newest ctime, or mtime that does not lie in the future */
	int64_t inside_ms; /* the same without the ctime of the directory itself, which a rename of it moves */
	uint64_t entries, allocated_bytes; /* a file with several names counts once */
	bool has_mount;
	char mount[128]; /* the first mount's path below it, cut */
	bool has_base;   /* a base of workspaces lies in it */
	bool has_git;    /* something named .git lies in it */
};

/* Walk the directory `name` of `dirfd`. Errors: the first thing that could not be read; the rest is in *out all the
 * same. */
int gc_tree_look(int dirfd, const char *name, int64_t now_ms, struct gc_tree *out,
                 struct err *e) MUST_CHECK;

#endif
