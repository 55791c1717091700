/* The branch of a worktree that is gone. */
#ifndef WS_WS_GIT_BRANCH_H
#define WS_WS_GIT_BRANCH_H

#include "base/err.h"
#include "ws/record.h"

/* Delete the branch of the record when ws made it, nothing is kept that would come back to it, nobody has it checked out, and each
 * of its commits is in another branch, a remote one or a tag: 1. 0 it stays, and *why says the reason. -1. */
int git_branch_drop(const struct record *r, struct err *why, struct err *e) MUST_CHECK;

#endif
