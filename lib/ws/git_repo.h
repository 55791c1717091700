/* A repository that worktrees hang on: its common directory, its lock, and what is registered in it. */
#ifndef WS_WS_GIT_REPO_H
#define WS_WS_GIT_REPO_H

#include "base/defs.h"
#include "base/err.h"
#include "os/lock.h"
#include "ws/git.h"

struct git_repo {
	char *common; /* absolute path of the common directory */
	char *top;    /* the work tree that belongs to the path it was opened by; NULL: bare */
	int fd;       /* the common directory */
};
#define GIT_REPO_NONE ((struct git_repo){ .fd = -1 })

/* Find the repository that `path` lies in. NOT_FOUND when it lies in none. */
int git_repo_open(const char *path, struct git_repo *out, struct err *e) MUST_CHECK;
void git_repo_close(struct git_repo *r);
#define GIT_REPO_AUTO AUTO(git_repo_close) struct git_repo

/* Its lock, against all other ws on this host: for what changes administrative files, never for a checkout. */
int git_repo_lock(const struct git_repo *r, struct lock *out, struct err *e) MUST_CHECK;
/* Remove the lock of a ref (or of "packed-refs") that a killed git left behind: one that was made at `since_ms` or later,
 * or an hour ago, and stays. For who knows that no git of ours is at work on it; a lock of somebody else's goes away by
 * itself. */
void git_repo_drop_lock(const struct git_repo *r, const char *ref, int64_t since_ms);
/* Delete a ref by `g` if it is at `oid`, past the locks that a killed git left in the repository at `path`; one that is gone
 * already is fine. */
int git_repo_delete_ref(const char *path, const struct git *g, const char *ref, const char *oid,
                        struct err *e) MUST_CHECK;
/* How git is run on its refs and objects. */
struct git git_repo_git(const struct git_repo *r, int64_t timeout_ms);
/* The object that `name` is: 1 and `oid`, 0 there is no such commit, -1. */
int git_repo_commit(const struct git_repo *r, const char *name, char oid[GIT_OID_MAX],
                    struct err *e) MUST_CHECK;
/* Whether `branch` may be the name of one. USAGE otherwise. */
int git_repo_check_branch(const struct git_repo *r, const char *branch, struct err *e) MUST_CHECK;

/* ---- git_repo_entries.c: what is registered ---- */

struct git_repo_entry {
	char *name; /* below <common>/worktrees */
	char *path; /* of the worktree, as it was registered */
};
struct git_repo_entries {
	struct git_repo_entry *list;
	size_t count;
};
/* All linked worktrees. What can't be read is passed over. */
int git_repo_entries(const struct git_repo *r, struct git_repo_entries *out,
                     struct err *e) MUST_CHECK;
void git_repo_entries_free(struct git_repo_entries *l);
#define GIT_REPO_ENTRIES_AUTO AUTO(git_repo_entries_free) struct git_repo_entries
/* Forget one worktree by the name of its entry, whatever became of its directory, which is not touched: no prune, which
 * would forget those of others whose directories are not visible just now. The lock has to be held. */
int git_repo_forget(const struct git_repo *r, const char *name, struct err *e) MUST_CHECK;
/* Where `branch` is checked out: 1 and its path, 0 nowhere, -1. */
int git_repo_holder(const struct git_repo *r, const char *branch, struct buf *path,
                    struct err *e) MUST_CHECK;

#endif
