/* Teardown of worktrees. */
#include "os/dir.h"
#include "ws/git_branch.h"
#include "ws/git_keep.h"
#include "ws/git_state.h"
#include "ws/journal.h"
#include "ws/link.h"
#include "ws/teardown_job.h"

static bool is_worktree(const struct teardown_job *j)
{
	return j->profile.git == PROFILE_GIT_WORKTREE && j->record.git_dir[0];
}

static int check_submodules(const struct teardown_job *j, int root, struct err *e)
{
	const struct git g = git_tree_git(&j->record, root);
	return git_state_submodules_check(&g, e);
}

int teardown_git_keep(struct teardown_job *j, int root, struct git_keep_paths *rest,
                      bool *is_listed, struct err *e)
{
	*is_listed = is_worktree(j);
	if (!*is_listed)
		return 0;
	/* A save on the way leaves where it is what git has put aside. */
	if (!j->o->keep && git_state_check_ended(j->record.git_dir, e) != 0)
		return -1;
	if (git_keep(j->b, &j->record, root, e) != 0 || record_save(j->b, &j->record, e) != 0 ||
	    git_keep_rest(&j->record, root, rest, e) != 0)
		return -1;
	if (!j->record.git_preserved[0])
		return 0;
	struct js *fields = js_object();
	js_set_text(fields, "commit", j->record.git_preserved);
	journal_add(j->b, "git-preserve", j->record.id, fields);
	return 0;
}

int teardown_git_preview(struct teardown_job *j, int root, struct err *e)
{
	GIT_KEEP_PATHS_AUTO rest = { .list = NULL };
	struct git_state state;
	j->out->is_worktree = is_worktree(j);
	if (!j->out->is_worktree)
		return 0;
	if ((!j->o->keep && git_state_check_ended(j->record.git_dir, e) != 0) ||
	    check_submodules(j, root, e) != 0 ||
	    git_state_look(root, j->record.git_dir, &state, e) != 0 ||
	    git_keep_rest(&j->record, root, &rest, e) != 0)
		return -1;
	j->out->git_dirty = state.dirty;
	j->out->git_untracked = state.untracked;
	j->out->git_detached = state.detached;
	j->out->git_ignored = rest.count;
	return 0;
}

/* For who wants to look at it himself before it goes, though it would be kept. */
static int check_clean(struct teardown_job *j, struct err *e)
{
	FD_AUTO root = -1;
	struct git_state s;
	const char *git_dir = is_worktree(j) ? j->record.git_dir : NULL;
	if (j->profile.git == PROFILE_GIT_NONE)
		return err_set(e, ERR_KIND_USAGE, "--if-clean is for worktrees and clones");
	if (dir_open(j->parent, j->record.id, &root, e) != 0 ||
	    git_state_look(root, git_dir, &s, e) != 0)
		return err_context(e, "workspace %s", j->record.id);
	if (!git_state_would_lose(&s))
		return is_worktree(j) ? check_submodules(j, root, e) : 0;
	err_set(e, ERR_KIND_CONFLICT,
	        "workspace %s is dirty: %llu changed and %llu untracked paths, %llu commits of "
	        "its own%s%s; without --if-clean all of it is kept and comes back",
	        j->record.id, (unsigned long long)s.dirty, (unsigned long long)s.untracked,
	        (unsigned long long)(s.is_worktree ? s.detached : s.unpushed),
	        s.under_way ? ", and under way " : "", s.under_way ? s.under_way : "");
	return err_code(e, "dirty");
}

int teardown_git_check(struct teardown_job *j, struct err *e)
{
	if (is_worktree(j) && git_tree_check_lock(&j->record, e) != 0)
		return -1;
	return j->o->only_clean ? check_clean(j, e) : 0;
}

void teardown_git_note_head(struct teardown_job *j)
{
	struct err ignored = ERR_INIT;
	if (is_worktree(j))
		(void)!git_keep_note_head(&j->record, &ignored);
}

int teardown_git_unlink(struct teardown_job *j, struct err *e)
{
	FD_AUTO root = -1;
	if (!j->record.git_links[0] || j->o->may_come_back)
		return 0;
	return dir_open(j->parent, j->record.id, &root, e) != 0 ? -1
	                                                        : link_remove(&j->record, root, e);
}

static void drop_branch(struct teardown_job *j)
{
	struct err why = ERR_INIT, stays = ERR_INIT;
	int dropped = git_branch_drop(&j->record, &stays, &why);
	if (dropped <= 0) {
		teardown_job_notice(j, dropped < 0 ? &why : &stays);
		return;
	}
	struct js *fields = js_object();
	js_set_text(fields, "branch", j->record.git_branch);
	journal_add(j->b, "git-branch-dropped", j->record.id, fields);
}

void teardown_git_forget(struct teardown_job *j)
{
	struct err why = ERR_INIT;
	if (!is_worktree(j) || j->o->may_come_back)
		return;
	if (git_tree_forget(j->b, &j->record, &why) != 0)
		teardown_job_notice(j, &why);
	else if (j->o->drop_branch)
		drop_branch(j);
}

int teardown_git_lost(struct teardown_job *j, struct err *e)
{
	struct err why = ERR_INIT, ignored = ERR_INIT;
	if (!is_worktree(j))
		return 0;
	if (git_keep_head(j->b, &j->record, &ignored) != 0)
		teardown_job_notice(j, &ignored);
	j->record.state = RECORD_SAVED;
	if (record_save(j->b, &j->record, e) != 0)
		return -1;
	err_set(&why, ERR_KIND_NOT_FOUND,
	        "%s: its directory is gone; what was committed is in its repository", j->record.id);
	teardown_job_notice(j, &why);
	journal_add(j->b, "lost", j->record.id, NULL);
	teardown_git_forget(j);
	j->out->removed = true;
	return 1;
}
