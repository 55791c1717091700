/*
 * Paths that come a second time in an archive of ours (FORMAT.md): a directory that comes again has come before and is as it was;
 * and nothing else does, when the index says so. Memory: the paths of one member, and the directories above the greatest so far.
 * For scan.
 */
#ifndef WS_PACK_AGAIN_H
#define WS_PACK_AGAIN_H

#include "base/buf.h"
#include "base/err.h"
#include "pack/entry.h"
#include "pack/pathset.h"

struct again_dir;

struct again {
	struct pathset paths; /* with the number of the directory in the list, or NONE */
	struct again_dir *dirs;
	size_t count, cap;
	struct buf highest; /* path so far, by names_cmp */
	bool partial;       /* not all from the start on was seen: what is not known may be true */
	bool once;          /* a path that comes twice, without saying so, is an error */
};

void again_init(struct again *a);
void again_free(struct again *a);
/* A member begins. What came in earlier ones is remembered as far as it may come again. */
void again_member(struct again *a);
/* The next entry. Errors: DATA for one that comes again and did not come before, or came otherwise, or (`once`) does not say so. */
int again_entry(struct again *a, const struct entry *entry, struct err *e) MUST_CHECK;

#endif
