/* Repositories in a workspace. */
#include "gc/gc_git.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "os/ancestor.h"
#include "os/dir.h"
#include "os/walk.h"
#include "ws/git_state.h"
#include "ws/git_tree.h"

bool gc_git_refuses(enum gc_reason reason)
{
	return reason == GC_REASON_GIT_DIRTY || reason == GC_REASON_GIT_UNPUSHED ||
	       reason == GC_REASON_GIT_DETACHED || reason == GC_REASON_GIT_SHARED ||
	       reason == GC_REASON_GIT_UNKNOWN;
}

/* The first thing that only this directory has. */
static enum gc_reason judge(const struct git_state *s, const char *path, char detail[160])
{
	const struct {
		uint64_t count;
		enum gc_reason reason;
		const char *what;
	} rows[] = {
		{ s->dirty, GC_REASON_GIT_DIRTY, "changed files" },
		{ s->untracked, GC_REASON_GIT_DIRTY, "untracked files" },
		{ s->detached, GC_REASON_GIT_DETACHED, "commits of a detached head" },
		{ s->unpushed, GC_REASON_GIT_UNPUSHED, "commits that are not pushed" },
	};
	if (s->under_way) {
		snprintf(detail, 160, "%.80s: %s is under way", path, s->under_way);
		return GC_REASON_GIT_DIRTY;
	}
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		if (rows[i].count == 0)
			continue;
		snprintf(detail, 160, "%.80s: %llu %s", path, (unsigned long long)rows[i].count,
		         rows[i].what);
		return rows[i].reason;
	}
	return GC_REASON_IDLE;
}

/* A directory named .git without a HEAD is no repository: git itself passes it over. */
static bool is_repository(const struct walk_entry *entry)
{
	struct err ignored = ERR_INIT;
	MEM_AUTO char *head = mem_printf("%s/HEAD", entry->name);
	return !file_is_dir(&entry->stat) || dir_exists(entry->dirfd, head, &ignored) != 0;
}

/* Looking at one workspace. */
struct look {
	int root;
	const char *git_dir; /* of the record; "" */
	bool only_shared;    /* its own work is kept in another way */
	char *detail;        /* 160 bytes */
};

static const char *place_of(const struct walk_entry *entry, char **path)
{
	size_t len = strlen(entry->path) - strlen(entry->name);
	*path = mem_str(str_from(entry->path, len > 0 ? len - 1 : 0));
	return **path ? *path : ".";
}

/* Whether a worktree of it is somewhere else: whatever is kept of the repository, that one could not go on without it. One that
 * an agent only made up keeps no more than the agent could keep by its use. */
static bool is_shared(const struct look *l, const struct walk_entry *entry)
{
	GIT_REPO_AUTO repo = GIT_REPO_NONE;
	GIT_REPO_ENTRIES_AUTO all = { .list = NULL };
	struct err ignored = ERR_INIT;
	if (dir_open(entry->dirfd, entry->name, &repo.fd, &ignored) != 0 ||
	    git_repo_entries(&repo, &all, &ignored) != 0)
		return false;
	for (size_t i = 0; i < all.count; i++) {
		FD_AUTO fd = -1;
		MEM_AUTO char *path = NULL;
		if (dir_open_root(all.list[i].path, &fd, &ignored) != 0 ||
		    dir_exists(fd, ".git", &ignored) != 1 ||
		    ancestor_is(fd, l->root, &ignored) != 0)
			continue;
		snprintf(l->detail, 160, "%.60s: %.70s is a worktree of it", place_of(entry, &path),
		         all.list[i].path);
		return true;
	}
	return false;
}

/* Of a worktree the record knows where its repository is; the agent can't point it elsewhere. */
static enum gc_reason look_at(const struct look *l, const struct walk_entry *entry)
{
	struct git_state state;
	struct err e = ERR_INIT;
	MEM_AUTO char *path = NULL;
	const char *dir = entry->depth == 0 && l->git_dir[0] ? l->git_dir : NULL;
	if (file_is_dir(&entry->stat) && is_shared(l, entry))
		return GC_REASON_GIT_SHARED;
	if (l->only_shared || (!dir && !is_repository(entry)))
		return GC_REASON_IDLE;
	if (git_state_look(entry->dirfd, dir, &state, &e) == 0)
		return judge(&state, place_of(entry, &path), l->detail);
	snprintf(l->detail, 160, "%.60s: %.90s", place_of(entry, &path), e.msg);
	return GC_REASON_GIT_UNKNOWN;
}

static enum gc_reason look_below(const struct look *l)
{
	const struct walk_options how = { .one_file_system = true,
		                          .unsorted = true,
		                          .no_stat = true };
	WALK_AUTO w = NULL;
	struct walk_entry entry;
	struct err e = ERR_INIT;
	enum gc_reason reason = GC_REASON_IDLE;
	int got = walk_open(l->root, &how, &w, &e);
	while (got == 0 && reason == GC_REASON_IDLE && (got = walk_next(w, &entry, &e)) > 0) {
		got = 0;
		if (strcmp(entry.name, ".git") != 0)
			continue;
		reason = look_at(l, &entry);
		walk_skip(w);
	}
	if (!err_is(&e) || l->only_shared)
		return reason;
	snprintf(l->detail, 160, "%.150s", e.msg);
	return GC_REASON_GIT_UNKNOWN;
}

void gc_git_forget(const struct gc *g, const char *id)
{
	RECORD_AUTO r = { .labels = NULL };
	struct err why = ERR_INIT, ignored = ERR_INIT;
	if (record_load(g->base, id, &r, &ignored) == 0 && r.git_dir[0] &&
	    git_tree_forget(g->base, &r, &why) != 0 && g->options.notice)
		g->options.notice(g->options.notice_ctx, &why);
}

enum gc_reason gc_git_look(const struct gc *g, struct gc_item *item, bool is_archived)
{
	FD_AUTO fd = -1;
	struct err e = ERR_INIT;
	MEM_AUTO struct record *r = mem_new(1, sizeof(*r));
	MEM_AUTO char *git_dir = NULL;
	if (record_load(g->base, item->id, r, &e) == 0) {
		git_dir = mem_text(r->git_dir);
		record_free(r);
	}
	if (dir_open(g->base->fd, item->id, &fd, &e) == 0) {
		const struct look l = {
			.root = fd,
			.git_dir = git_dir ? git_dir : "",
			.only_shared = is_archived || g->options.force_dirty,
			.detail = item->detail,
		};
		return look_below(&l);
	}
	snprintf(item->detail, sizeof(item->detail), "%.150s", e.msg);
	return GC_REASON_GIT_UNKNOWN;
}
