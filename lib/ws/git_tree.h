/* A worktree of a repository in a workspace's directory: made, found again, forgotten. */
#ifndef WS_WS_GIT_TREE_H
#define WS_WS_GIT_TREE_H

#include "ws/base_dir.h"
#include "ws/git_base.h"
#include "ws/git_repo.h"
#include "ws/record.h"

/* Register a worktree for the directory `fd`, which is <base>/.ws/staging/<stage> and has no .git, on the record's head or
 * branch; the branch is made at `base` when it is not there. What an earlier life of the workspace left registered is
 * forgotten. The files do not come with it: git_tree_checkout. record->git_dir is set, and not saved.
 * Errors: CONFLICT when the branch is checked out elsewhere, naming where and by whom. */
int git_tree_add(const struct git_repo *r, const struct base_dir *b, struct record *record,
                 const char *stage, int fd, const struct git_base *base, struct err *e) MUST_CHECK;
/* Write the tracked files into the directory, over whatever is there. Without the repository's lock. */
int git_tree_checkout(const struct record *record, int fd, struct err *e) MUST_CHECK;
/* After the directory came to its place: let git know. Nothing happens when it does. */
int git_tree_attach(const struct base_dir *b, struct record *record, struct err *e) MUST_CHECK;
/* CONFLICT when somebody locked the worktree (`git worktree lock`): it says why. Our own lock is none. Runs nothing. */
int git_tree_check_lock(const struct record *record, struct err *e) MUST_CHECK;
/* Why a workspace's worktree is locked in git, so that no prune takes it; mem_free. */
char *git_tree_reason(const char *id);
/* Say in it who works there, for those who look at git alone: the record's holder; when that is none, or `over`, nobody. A
 * worktree that somebody else locked stays as it is. */
int git_tree_note_holder(const struct record *record, bool over, struct err *e) MUST_CHECK;
/* Forget that the workspace is registered. Its directory is not touched. A repository that is gone is fine. */
int git_tree_forget(const struct base_dir *b, struct record *record, struct err *e) MUST_CHECK;
/* Whether the directory is the worktree that git knows under the record's git_dir: 1, 0, -1. Runs nothing. */
int git_tree_is_linked(const struct record *record, int fd, const char *root,
                       struct err *e) MUST_CHECK;
/* The branch that it is on, or shall be; NULL: the head is detached. */
const char *git_tree_branch(const struct record *record);
/* How git is run in the workspace's tree: by the record's git_dir, whatever .git says by now. */
struct git git_tree_git(const struct record *record, int fd);

#endif
