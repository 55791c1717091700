/* Setup of worktrees and clones. */
#include "ws/git_setup.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "os/dir.h"
#include "os/log.h"
#include "os/sys.h"
#include "ws/git_keep.h"
#include "ws/git_tree.h"
#include "ws/journal.h"
#include "ws/link.h"

/* ---- options ---- */

static int copy_text(const char *option, const char *from, char *to, size_t cap, struct err *e)
{
	if (str_copy(str_of(from), to, cap) == 0)
		return 0;
	return err_set(e, ERR_KIND_USAGE, "%s: it is too long", option);
}

static int differs(const struct record *r, const char *what, const char *recorded, const char *said,
                   struct err *e)
{
	if (strcmp(recorded, said) == 0)
		return 0;
	return err_set(e, ERR_KIND_CONFLICT, "workspace %s was made with %s %s, not %s", r->id,
	               what, recorded, said);
}

/* The one name of a repository, however it was said. */
static int resolve(const struct setup_work *w, char *out, size_t cap, struct err *e)
{
	const char *repo = w->o->git.repo;
	GIT_REPO_AUTO opened = GIT_REPO_NONE;
	if (git_setup_is_url(repo)) {
		if (w->out->profile.git != PROFILE_GIT_CLONE)
			return err_set(e, ERR_KIND_USAGE,
			               "--git %s: a worktree needs a repository on this host; "
			               "--profile clone takes a URL",
			               repo);
		return copy_text("--git", repo, out, cap, e);
	}
	if (git_repo_open(repo, &opened, e) != 0)
		return err_context(e, "--git");
	return copy_text("--git", opened.top ? opened.top : opened.common, out, cap, e);
}

/* A password in a URL would stand in the record, in messages and in the clone. */
static int check_url(const char *repo, struct err *e)
{
	struct str host, rest, user;
	const char *start = strstr(repo, "://");
	if (!start)
		return 0;
	str_cut(str_of(start + 3), '/', &host, &rest);
	if (!str_cut_last(host, '@', &user, &rest) || str_index(user, ':') < 0)
		return 0;
	return err_set(e, ERR_KIND_USAGE,
	               "--git: a password in the URL would be seen by everybody; git's credential "
	               "helpers keep it");
}

static int note_new(struct setup_work *w, const char *repo, struct err *e)
{
	struct record *r = &w->out->record;
	const struct setup_git *o = &w->o->git;
	const struct git_repo nowhere = GIT_REPO_NONE;
	if (!o->repo || !o->branch)
		return err_set(e, ERR_KIND_USAGE, "profile %s needs --git and --branch",
		               w->out->profile.name);
	if (git_repo_check_branch(&nowhere, o->branch, e) != 0 ||
	    copy_text("--branch", o->branch, r->git_branch, sizeof(r->git_branch), e) != 0)
		return -1;
	return copy_text("--git", repo, r->git_repo, sizeof(r->git_repo), e);
}

static int check_same(const struct setup_work *w, const char *repo, struct err *e)
{
	const struct record *r = &w->out->record;
	if (w->o->git.repo && differs(r, "--git", r->git_repo, repo, e) != 0)
		return -1;
	return w->o->git.branch ? differs(r, "--branch", r->git_branch, w->o->git.branch, e) : 0;
}

static int refuse_options(const struct setup_work *w, struct err *e)
{
	const struct setup_git *o = &w->o->git;
	if (!o->repo && !o->branch && !o->ref && !git_setup_wants_local(w))
		return 0;
	return err_set(
		e, ERR_KIND_USAGE,
		"profile %s is not one of git: --git, --branch, --ref, --link, --copy and --copy-list are for "
		"the profiles worktree and clone",
		w->out->profile.name);
}

int git_setup_open(struct setup_work *w, struct err *e)
{
	struct record *r = &w->out->record;
	const struct setup_git *o = &w->o->git;
	char repo[sizeof(r->git_repo)] = "";
	if (w->out->profile.git == PROFILE_GIT_NONE)
		return refuse_options(w, e);
	for (size_t i = 0; i < o->copy_count; i++) {
		if (link_check("--copy", o->copies[i], e) != 0)
			return -1;
	}
	if (git_keep_check_id(r->id, e) != 0 || (o->repo && check_url(o->repo, e) != 0) ||
	    (o->repo && resolve(w, repo, sizeof(repo), e) != 0))
		return -1;
	if ((r->git_repo[0] ? check_same(w, repo, e) : note_new(w, repo, e)) != 0)
		return -1;
	r->git_drops_ignored = r->git_drops_ignored || o->drop_ignored;
	return o->link_count > 0 ? link_note(r, o->links, o->link_count, e) : 0;
}

/* ---- the tree ---- */

static void tell_base(struct setup_work *w, const struct git_base *base)
{
	struct record *r = &w->out->record;
	if (!r->git_base[0]) {
		snprintf(r->git_base, sizeof(r->git_base), "%s", base->oid);
		snprintf(r->git_from, sizeof(r->git_from), "%s", base->from);
		snprintf(r->git_stale, sizeof(r->git_stale), "%s", base->stale);
	}
	if (base->stale[0])
		log_warn("%s: begins at %s (%.12s) as it is here, which may be old: %s", r->id,
		         base->from, base->oid, base->stale);
	else
		log_info("%s: begins at %s (%.12s)", r->id, base->from, base->oid);
}

static void tell_left(struct setup_work *w, const char *ref)
{
	struct js *fields = js_object();
	log_warn(
		"%s: what was not committed does not go together with its branch, which has moved; it "
		"is %s",
		w->out->record.id, ref);
	js_set_text(fields, "ref", ref);
	journal_add(&w->out->base, "git-conflict", w->out->record.id, fields);
}

static int choose_base(struct setup_work *w, const struct git_repo *repo, struct git_base *base,
                       struct err *e)
{
	const struct record *r = &w->out->record;
	const char *branch = git_tree_branch(r);
	const struct git_base_how how = {
		.branch = branch ? branch : r->git_branch,
		.ref = w->o->git.ref,
		.timeout_ms = w->o->git.fetch_timeout_ms,
		.is_ours = r->git_base[0] != '\0',
	};
	return git_base_choose(repo, &how, base, e);
}

/* A worktree in our place that we did not make, or have lost the record of, may hold work that only its registration
 * leads to. */
static int check_stranger(const struct setup_work *w, const struct git_repo *repo, struct err *e)
{
	GIT_REPO_ENTRIES_AUTO all = { .list = NULL };
	if (w->known || !w->place.stray)
		return 0;
	if (git_repo_entries(repo, &all, e) != 0)
		return -1;
	for (size_t i = 0; i < all.count; i++) {
		if (strcmp(all.list[i].path, w->out->root) == 0)
			return err_set(e, ERR_KIND_CONFLICT,
			               "%s is a worktree of %s that ws has no record of; "
			               "--adopt takes it up, `git worktree move` makes room",
			               w->out->root, repo->common);
	}
	return 0;
}

static int fill_worktree(struct setup_work *w, const struct git_repo *repo, int fd,
                         const char *stage, struct err *e)
{
	struct record *r = &w->out->record;
	struct git_base base = { .exists = true };
	char left[GIT_NAME_MAX];
	struct err ignored = ERR_INIT;
	w->git_began_ms = sys_now_ms();
	if (w->plan.lost && git_keep_head(&w->out->base, r, &ignored) != 0)
		log_warn("%s: where its head was is not known: %s", r->id, ignored.msg);
	if (check_stranger(w, repo, e) != 0 ||
	    (git_tree_branch(r) && choose_base(w, repo, &base, e) != 0))
		return -1;
	if (git_tree_add(repo, &w->out->base, r, stage, fd, &base, e) != 0)
		return -1;
	if (!base.exists) {
		snprintf(w->git_made, sizeof(w->git_made), "%s", base.oid);
		snprintf(r->git_made, sizeof(r->git_made), "%s", base.oid);
	}
	if (git_tree_branch(r))
		tell_base(w, &base);
	if (git_setup_set_aside(w, fd, e) != 0 || git_tree_checkout(r, fd, e) != 0 ||
	    git_keep_apply(r, fd, left, e) != 0)
		return -1;
	if (left[0])
		tell_left(w, left);
	return 0;
}

int git_setup_fill(struct setup_work *w, int fd, const char *stage, bool whole, struct err *e)
{
	GIT_REPO_AUTO repo = GIT_REPO_NONE;
	struct record *r = &w->out->record;
	bool is_worktree = w->out->profile.git == PROFILE_GIT_WORKTREE;
	bool is_local = !git_setup_is_url(r->git_repo);
	if (w->out->profile.git == PROFILE_GIT_NONE)
		return 0;
	/* A clone that the store had needs its source no more. */
	bool needs_repo = is_worktree || !whole || git_setup_wants_local(w);
	if (needs_repo && is_local && git_repo_open(r->git_repo, &repo, e) != 0)
		return -1;
	if (is_worktree && fill_worktree(w, &repo, fd, stage, e) != 0)
		return -1;
	if (!is_worktree && !whole &&
	    git_setup_clone(w, is_local ? &repo : NULL, fd, stage, e) != 0)
		return -1;
	return git_setup_local(w, &repo, fd, e);
}

/* ---- afterwards ---- */

/* In a workspace that is in use what is in the way of a link is its user's. */
static void add_links(struct setup_work *w)
{
	GIT_REPO_AUTO repo = GIT_REPO_NONE;
	FD_AUTO fd = -1;
	struct err why = ERR_INIT;
	const struct record *r = &w->out->record;
	if (w->o->git.link_count + w->o->git.copy_count == 0)
		return;
	if (git_repo_open(r->git_repo, &repo, &why) != 0 ||
	    dir_open(w->out->base.fd, r->id, &fd, &why) != 0 ||
	    git_setup_local(w, &repo, fd, &why) != 0)
		log_warn("%s: %s", r->id, why.msg);
}

int git_setup_attach(struct setup_work *w, struct err *e)
{
	if (w->out->profile.git == PROFILE_GIT_NONE)
		return 0;
	if (w->out->profile.git == PROFILE_GIT_WORKTREE &&
	    (git_tree_attach(&w->out->base, &w->out->record, e) != 0 ||
	     git_tree_note_holder(&w->out->record, true, e) != 0))
		return -1;
	if (w->plan.action != SETUP_RESTORE)
		add_links(w);
	return 0;
}

/* The branch that was made goes only while it is where it was made: then there is no work on it. */
void git_setup_undo(struct setup_work *w)
{
	GIT_REPO_AUTO repo = GIT_REPO_NONE;
	struct err ignored = ERR_INIT;
	struct record *r = &w->out->record;
	if (w->git_began_ms == 0)
		return;
	MEM_AUTO char *ref = mem_printf("refs/heads/%s", r->git_branch);
	if ((r->git_dir[0] && git_tree_forget(&w->out->base, r, &ignored) != 0) ||
	    git_repo_open(r->git_repo, &repo, &ignored) != 0) {
		log_warn("%s: %s", r->id, ignored.msg);
		return;
	}
	git_repo_drop_lock(&repo, ref, w->git_began_ms);
	const struct git g = git_repo_git(&repo, GIT_METADATA_MS);
	if (w->git_made[0] && git_repo_delete_ref(r->git_repo, &g, ref, w->git_made, &ignored) != 0)
		log_warn("%s: %s", r->id, ignored.msg);
}
