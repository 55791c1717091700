/* Worktrees and clones that somebody else made. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "os/dir.h"
#include "ws/git_setup.h"
#include "ws/git_tree.h"

static int lock_in_git(const struct git_repo *repo, const struct record *r, const char *name,
                       const char *root, struct err *e)
{
	LOCK_AUTO lock = LOCK_NONE;
	const struct git g = git_repo_git(repo, GIT_METADATA_MS);
	MEM_AUTO char *reason = git_tree_reason(r->id);
	MEM_AUTO char *locked = mem_printf("worktrees/%s/locked", name);
	if (git_repo_lock(repo, &lock, e) != 0)
		return -1;
	int is_locked = dir_exists(repo->fd, locked, e);
	if (is_locked != 0)
		return is_locked < 0 ? -1 : 0;
	return git_run(&g, GIT_ARGS("worktree", "lock", "--reason", reason, root), NULL, e);
}

static int take_worktree(struct setup_work *w, struct err *e)
{
	GIT_REPO_AUTO repo = GIT_REPO_NONE;
	GIT_REPO_ENTRIES_AUTO all = { .list = NULL };
	struct record *r = &w->out->record;
	const char *root = w->out->root;
	if (git_repo_open(r->git_repo, &repo, e) != 0 || git_repo_entries(&repo, &all, e) != 0)
		return -1;
	for (size_t i = 0; i < all.count; i++) {
		const char *name = all.list[i].name;
		if (strcmp(all.list[i].path, root) != 0)
			continue;
		snprintf(r->git_dir, sizeof(r->git_dir), "%s/worktrees/%s", repo.common, name);
		return lock_in_git(&repo, r, name, root, e);
	}
	return err_set(e, ERR_KIND_CONFLICT, "--adopt: %s is no worktree of %s", root, r->git_repo);
}

/* A detached head is noted when it is saved. */
static int check_branch(struct record *r, const struct git *g, struct err *e)
{
	char branch[GIT_NAME_MAX];
	int found = git_find(g, GIT_ARGS("symbolic-ref", "--quiet", "--short", "HEAD"), branch,
	                     sizeof(branch), e);
	if (found < 0)
		return -1;
	if (found && strcmp(branch, r->git_branch) != 0)
		return err_set(e, ERR_KIND_CONFLICT, "--adopt: it is on the branch %s, not %s",
		               branch, r->git_branch);
	snprintf(r->git_from, sizeof(r->git_from), "HEAD");
	return git_find(g, GIT_ARGS("rev-parse", "--verify", "--quiet", "HEAD"), r->git_base,
	                sizeof(r->git_base), e) < 0
	               ? -1
	               : 0;
}

int git_setup_take(struct setup_work *w, int fd, struct err *e)
{
	struct record *r = &w->out->record;
	struct git g = { .cwd_fd = fd, .git_dir = ".git", .timeout_ms = GIT_METADATA_MS };
	if (w->out->profile.git == PROFILE_GIT_NONE)
		return 0;
	if (w->out->profile.git == PROFILE_GIT_WORKTREE) {
		if (take_worktree(w, e) != 0)
			return -1;
		g.git_dir = r->git_dir;
	}
	return check_branch(r, &g, e);
}
