/*
 * What is in a worktree and in no branch, kept in the repository and brought back:
 *
 *   refs/ws/preserved/<id>          a commit of all that is tracked and untracked, on top of the head; its second parent,
 *                                   when there is one, is what was staged
 *   refs/ws/conflict/<id>/<commit>  one that could not be brought back, because its branch has moved
 */
#ifndef WS_WS_GIT_KEEP_H
#define WS_WS_GIT_KEEP_H

#include "ws/git_tree.h"

/* Paths, relative to the tree. */
struct git_keep_paths {
	struct buf text; /* the list points into it */
	const char **list;
	size_t count;
};
void git_keep_paths_free(struct git_keep_paths *p);
#define GIT_KEEP_PATHS_AUTO AUTO(git_keep_paths_free) struct git_keep_paths

/* Keep what was not committed, and the head when it is detached and has commits that nothing else has, under
 * refs/ws/preserved/<id>; note in the record, which is not saved, where the head is. Neither the tree nor its index is
 * changed. CONFLICT when a submodule has work of its own, which git can't keep here. */
int git_keep(const struct base_dir *b, struct record *record, int fd, struct err *e) MUST_CHECK;
/* The same for a worktree whose directory is gone: only the head is left of it. */
int git_keep_head(const struct base_dir *b, struct record *record, struct err *e) MUST_CHECK;
/* Note in the record, which is not saved, where the head is; nothing is kept. */
int git_keep_note_head(struct record *record, struct err *e) MUST_CHECK;
/* What git can't keep: ignored files (unless the record says that they go) and repositories within the tree. Without the
 * links into the source. */
int git_keep_rest(const struct record *record, int fd, struct git_keep_paths *out,
                  struct err *e) MUST_CHECK;
/* Bring back what was kept into a tree that was just checked out. When its branch has moved so that it does not go
 * together, it stays under refs/ws/conflict, the tree stays as checked out, and `left` names that ref. */
int git_keep_apply(struct record *record, int fd, char left[GIT_NAME_MAX],
                   struct err *e) MUST_CHECK;
/* Whether `id` can be part of the name of a ref. USAGE otherwise. */
int git_keep_check_id(const char *id, struct err *e) MUST_CHECK;

#endif
