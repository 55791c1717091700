/* On which commit a workspace begins. */
#ifndef WS_WS_GIT_BASE_H
#define WS_WS_GIT_BASE_H

#include "ws/git_repo.h"

struct git_base_how {
	const char *branch;
	const char
		*ref; /* where a new branch begins; NULL: the remote's default branch, else HEAD */
	int64_t timeout_ms; /* for the remote; 0: it is not asked */
	bool is_ours;       /* the branch was made for this workspace: it need not hold `ref` */
};

struct git_base {
	bool exists;             /* the branch does, here */
	char oid[GIT_OID_MAX];   /* its commit, or the one to make it at */
	char from[GIT_NAME_MAX]; /* what that commit is, for people: "origin/main" */
	char stale
		[ERR_MSG_MAX]; /* why what the remote has by now is not known; "" when it is, or there is none */
};

/* The branch that is here; else the one at the remote; else `ref`. What the remote has is fetched without touching any ref
 * of the repository, so that many can do it at once. A remote that can't be asked makes the answer stale, and no failure.
 * Errors: NOT_FOUND for a ref that is neither here nor there; CONFLICT for a branch that is there already and does not hold
 * `ref`. */
int git_base_choose(const struct git_repo *r, const struct git_base_how *how, struct git_base *out,
                    struct err *e) MUST_CHECK;

/* ---- git_base_remote.c ---- */

/* What the remote says of the refs that we care for: their commits, or "". */
struct git_base_remote {
	bool answered;
	char default_branch[GIT_NAME_MAX];
	char head[GIT_OID_MAX], branch[GIT_OID_MAX], ref[GIT_OID_MAX], tag[GIT_OID_MAX];
	char trouble[ERR_MSG_MAX];
};
/* Ask "origin", when there is one; without one, or when it does not answer, `answered` is false. */
int git_base_remote_ask(const struct git_repo *r, const struct git_base_how *how,
                        struct git_base_remote *out, struct err *e) MUST_CHECK;
/* Have the commit `oid`, which `refname` is at the remote. */
int git_base_remote_get(const struct git_repo *r, const char *refname, const char *oid,
                        int64_t timeout_ms, struct err *e) MUST_CHECK;

#endif
