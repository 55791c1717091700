/* What of the work in a directory only that directory has, as git sees it. Nothing is changed by looking. */
#ifndef WS_WS_GIT_STATE_H
#define WS_WS_GIT_STATE_H

#include "base/defs.h"
#include "base/err.h"
#include "ws/git.h"

struct git_state {
	bool is_git;      /* there is a .git; when not, all else is zero */
	bool is_worktree; /* its repository is elsewhere: commits on branches and stashes outlive the directory. (A submodule's
	                   * is elsewhere, too, but goes with the tree that it is a part of.) */
	const char *under_way; /* "a rebase", "a merge"…: git began it and has not ended it; NULL */
	bool has_remote;       /* there are remote-tracking branches */
	char branch[GIT_NAME_MAX]; /* "" when HEAD is detached */
	char head[GIT_OID_MAX];    /* "" when nothing was committed yet */
	uint64_t
		dirty; /* tracked files that differ from HEAD: changed, staged, deleted, in conflict */
	uint64_t
		untracked; /* files, or directories of them, that are neither tracked nor ignored */
	uint64_t
		unpushed; /* commits that no remote-tracking branch has: of HEAD in a worktree; of HEAD, all branches
	                     * and the stash in a repository of its own. Without any remote: all of them there, and
	                     * zero in a worktree */
	uint64_t
		detached; /* commits that a detached HEAD has, and no branch, tag or preserved ref */
};

/* Look at the directory `dirfd`. `git_dir`: the administrative directory that the record names, which the agent can't
 * point elsewhere; NULL: what .git in it says, and then root looks as the directory's owner.
 * Errors mean "unknown", never "clean": no git, a broken repository, over time. */
int git_state_look(int dirfd, const char *git_dir, struct git_state *out, struct err *e) MUST_CHECK;
/* CONFLICT ("dirty") when git began something and has not ended it: what it put aside for that (an autostash, what is to be
 * picked next, the other side of a merge) lies in `git_dir`. */
int git_state_check_ended(const char *git_dir, struct err *e) MUST_CHECK;
/* Whether removing the directory loses something that git knows of: dirty, untracked, under way, detached, or, unless it is a
 * worktree, unpushed. Ignored files do not count. */
bool git_state_would_lose(const struct git_state *s);

/* ---- git_state_submodules.c ---- */

/* CONFLICT ("dirty") when a submodule, or a repository that is tracked as if it were one, has work that nothing else has.
 * `g`: how to ask in the tree that has them. */
int git_state_submodules_check(const struct git *g, struct err *e) MUST_CHECK;

#endif
