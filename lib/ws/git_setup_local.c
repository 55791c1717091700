/* What a workspace has from its source beside git: links and copies. */
#include "base/mem.h"
#include "os/dir.h"
#include "os/log.h"
#include "ws/git_setup.h"
#include "ws/git_tree.h"
#include "ws/link.h"

static const char *source_of(const struct git_repo *repo)
{
	return repo->top ? repo->top : repo->common;
}

static void add_path(struct buf *all, struct str path)
{
	buf_add_str(all, path);
	buf_add_char(all, '\0');
}

/* What was said; and what the list names, once: what the agent removed does not come back by itself. */
static int list_copies(const struct setup_work *w, const struct git_repo *repo, struct buf *all,
                       struct err *e)
{
	const struct setup_git *o = &w->o->git;
	bool is_new = w->out->record.ready_ms == 0 && w->plan.action == SETUP_RESTORE;
	for (size_t i = 0; i < o->copy_count; i++)
		add_path(all, link_clean(o->copies[i]));
	if (!is_new || !repo->top || (o->copy_list && !o->copy_list[0]))
		return 0;
	if (link_include(repo->top, o->copy_list, all, e) != 0)
		return -1;
	return buf_check(all, e, "the list of what is copied");
}

static int copy_all(const struct setup_work *w, const struct git_repo *repo, int fd, struct str all,
                    struct err *e)
{
	struct link_copied copied = { .max_bytes = w->o->git.copy_max_bytes };
	struct str path;
	while (str_cut(all, '\0', &path, &all)) {
		MEM_AUTO char *text = mem_str(path);
		if (link_copy(fd, source_of(repo), text, &copied, e) != 0)
			return -1;
	}
	if (copied.files > 0)
		log_info("%s: %llu files from %s: %llu bytes copied, and %llu that share their "
		         "blocks",
		         w->out->record.id, (unsigned long long)copied.files, source_of(repo),
		         (unsigned long long)copied.bytes, (unsigned long long)copied.shared_bytes);
	return 0;
}

static int exclude_all(const struct setup_work *w, const struct git_repo *repo, int fd,
                       struct str all, struct err *e)
{
	bool is_worktree = w->out->profile.git == PROFILE_GIT_WORKTREE;
	struct git g = git_tree_git(&w->out->record, fd);
	FD_AUTO own = -1;
	LOCK_AUTO lock = LOCK_NONE;
	if (!is_worktree) {
		g.git_dir = ".git";
		if (dir_open(fd, ".git", &own, e) != 0)
			return -1;
	} else if (git_repo_lock(repo, &lock, e) != 0) {
		return -1;
	}
	return git_setup_exclude(&g, is_worktree ? repo->fd : own, all, e);
}

bool git_setup_wants_local(const struct setup_work *w)
{
	const struct setup_git *o = &w->o->git;
	return w->out->record.git_links[0] || o->link_count > 0 || o->copy_count > 0 ||
	       (o->copy_list && o->copy_list[0]);
}

int git_setup_local(struct setup_work *w, const struct git_repo *repo, int fd, struct err *e)
{
	const struct record *r = &w->out->record;
	BUF_AUTO all = buf_make(GIT_OUTPUT_MAX);
	size_t count;
	if (repo->fd < 0)
		return !git_setup_wants_local(w)
		               ? 0
		               : err_set(e, ERR_KIND_USAGE,
		                         "--link, --copy and --copy-list need a source on this "
		                         "host; %s is none",
		                         r->git_repo);
	if (list_copies(w, repo, &all, e) != 0 || link_make(r, fd, source_of(repo), e) != 0 ||
	    copy_all(w, repo, fd, buf_str(&all), e) != 0)
		return -1;
	MEM_TEXTS_AUTO links = link_list(r, &count);
	for (size_t i = 0; i < count; i++)
		add_path(&all, str_of(links[i]));
	return all.len > 0 ? exclude_all(w, repo, fd, buf_str(&all), e) : 0;
}
