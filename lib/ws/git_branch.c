/* Deleting branches that hold nothing of their own. */
#include "ws/git_branch.h"

#include <string.h>

#include "base/mem.h"
#include "ws/git_repo.h"

enum { PATH_TEXT_MAX = 8192, COUNT_MAX = 32 };

/* How many of its commits are nowhere else, as git writes it. */
static int count_own(const struct git *g, const char *branch, const char *oid,
                     char count[COUNT_MAX], struct err *e)
{
	MEM_AUTO char *without = mem_printf("--exclude=%s", branch);
	return git_line(g,
	                GIT_ARGS("rev-list", "--count", oid, "--not", without, "--branches",
	                         "--remotes", "--tags"),
	                count, COUNT_MAX, e);
}

static int stays(const char *branch, const char *reason, struct err *why)
{
	err_set(why, ERR_KIND_CONFLICT, "branch %s stays: %s", branch, reason);
	return 0;
}

static int drop(const struct git_repo *repo, const struct record *r, struct err *why, struct err *e)
{
	const struct git g = git_repo_git(repo, GIT_METADATA_MS);
	BUF_AUTO holder = buf_make(PATH_TEXT_MAX);
	const char *branch = r->git_branch;
	MEM_AUTO char *ref = mem_printf("refs/heads/%s", branch);
	char oid[GIT_OID_MAX], own[COUNT_MAX];
	int there = git_find(&g, GIT_ARGS("rev-parse", "--verify", "--quiet", ref), oid,
	                     sizeof(oid), e);
	if (there <= 0)
		return there < 0 ? -1 : stays(branch, "it is gone already", why);
	int held = git_repo_holder(repo, branch, &holder, e);
	if (held < 0 || count_own(&g, branch, oid, own, e) != 0)
		return -1;
	if (held)
		return stays(branch, "it is checked out elsewhere", why);
	if (strcmp(own, "0") != 0)
		return stays(branch, "it has commits that are nowhere else", why);
	return git_repo_delete_ref(r->git_repo, &g, ref, oid, e) != 0 ? -1 : 1;
}

int git_branch_drop(const struct record *r, struct err *why, struct err *e)
{
	GIT_REPO_AUTO repo = GIT_REPO_NONE;
	LOCK_AUTO lock = LOCK_NONE;
	if (!r->git_made[0])
		return stays(r->git_branch, "it was there before the workspace", why);
	if (r->git_preserved[0])
		return stays(r->git_branch, "what was not committed comes back to it", why);
	if (git_repo_open(r->git_repo, &repo, e) != 0 || git_repo_lock(&repo, &lock, e) != 0)
		return -1;
	return drop(&repo, r, why, e);
}
