/* The third class of orphans: a repository believes in a worktree that nobody has. It keeps a branch from being checked
 * out. Repositories are known by the records of this base. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "gc/gc_git.h"
#include "gc/gc_take.h"
#include "os/dir.h"
#include "ws/git_keep.h"
#include "ws/journal.h"

/* The workspace of this base that the path is, or was being made as; "" for none. */
static void id_of(const struct base_dir *b, struct str path, char id[BASE_DIR_ID_MAX + 1])
{
	struct str above, name;
	struct err ignored = ERR_INIT;
	id[0] = '\0';
	if (!str_cut_last(path, '/', &above, &name) || !str_is(above, b->path) ||
	    str_copy(name, id, BASE_DIR_ID_MAX + 1) != 0 || base_dir_check_id(id, &ignored) != 0)
		id[0] = '\0';
}

static bool is_in(const struct gc *g, const char *area, const char *name)
{
	struct err ignored = ERR_INIT;
	MEM_AUTO char *path = mem_printf("%s/%s", area, name);
	return dir_exists(g->base->ws_fd, path, &ignored) != 0;
}

/* Its directory is neither in its place nor in the spool or the trash; what can't be told is there. */
static bool is_lost(const struct gc *g, const char *id)
{
	struct err why = ERR_INIT;
	MEM_AUTO struct record *r = mem_new(1, sizeof(*r));
	if (dir_exists(g->base->fd, id, &why) != 0 || is_in(g, "spool", id))
		return false;
	if (record_load(g->base, id, r, &why) != 0)
		return why.kind == ERR_KIND_NOT_FOUND;
	bool lost = r->state != RECORD_CREATING && r->state != RECORD_SPOOLED &&
	            !(r->trash_name[0] && is_in(g, "trash", r->trash_name));
	record_free(r);
	return lost;
}

static bool is_held(const struct gc *g, const char *id)
{
	FD_AUTO dir = -1;
	char holder[LOCK_HOLDER_MAX];
	struct err e = ERR_INIT;
	if (record_dir(g->base, id, false, &dir, &e) != 0)
		return e.kind != ERR_KIND_NOT_FOUND;
	return lock_probe(dir, "lock", holder, &e) != 0;
}

/* When git wrote to it last; INT64_MAX: it is gone. */
static int64_t written_ms(const struct git_repo *repo, const char *name)
{
	struct file_stat st;
	struct err ignored = ERR_INIT;
	MEM_AUTO char *path = mem_printf("worktrees/%s", name);
	if (dir_stat(repo->fd, path, &st, &ignored) != 0)
		return INT64_MAX;
	return st.ctime_s * 1000 + st.ctime_ns / 1000000;
}

static void add(const struct gc *g, const struct git_repo *repo, const struct git_repo_entry *at,
                struct gc_plan *plan)
{
	char id[BASE_DIR_ID_MAX + 1];
	id_of(g->base, str_of(at->path), id);
	if (!id[0] || !is_lost(g, id))
		return;
	struct gc_item *item = gc_plan_add(plan);
	snprintf(item->id, sizeof(item->id), "%s", id);
	snprintf(item->name, sizeof(item->name), "%.255s", at->name);
	snprintf(item->detail, sizeof(item->detail), "%.159s", repo->common);
	item->newest_ms = written_ms(repo, at->name);
	item->idle_ms = g->now_ms - item->newest_ms;
	item->reason = is_held(g, id)    ? GC_REASON_LOCKED
	               : g->clock_jumped ? GC_REASON_CLOCK
	                                 : GC_REASON_YOUNG;
	if (item->reason != GC_REASON_YOUNG || item->idle_ms < GC_STAGING_AGE_MS)
		return;
	item->action = GC_FORGET;
	item->reason = GC_REASON_GIT_ENTRY;
}

static void look_at_repository(const struct gc *g, const char *path, struct gc_plan *plan)
{
	GIT_REPO_AUTO repo = GIT_REPO_NONE;
	GIT_REPO_ENTRIES_AUTO entries = { .list = NULL };
	struct err ignored = ERR_INIT;
	if (git_repo_open(path, &repo, &ignored) != 0 ||
	    git_repo_entries(&repo, &entries, &ignored) != 0)
		return;
	for (size_t i = 0; i < entries.count; i++)
		add(g, &repo, &entries.list[i], plan);
}

/* Paths, each once. */
struct paths {
	char **list;
	size_t count;
};

static void paths_free(struct paths *p)
{
	for (size_t i = 0; i < p->count; i++)
		mem_free(p->list[i]);
	mem_free(p->list);
}

static void paths_add(struct paths *p, const char *path)
{
	for (size_t i = 0; i < p->count; i++) {
		if (strcmp(p->list[i], path) == 0)
			return;
	}
	p->list = mem_grow(p->list, p->count + 1, sizeof(*p->list));
	p->list[p->count++] = mem_text(path);
}

static void add_repository_of(const struct gc *g, const char *id, struct paths *repos)
{
	struct gc_brief brief;
	struct err ignored = ERR_INIT;
	bool in_git = gc_brief_load(g->base, id, &brief, &ignored) == 0 && brief.in_git;
	gc_brief_free(&brief);
	MEM_AUTO struct record *r = mem_new(1, sizeof(*r));
	if (!in_git || record_load(g->base, id, r, &ignored) != 0)
		return;
	paths_add(repos, r->git_repo);
	record_free(r);
}

int gc_git_entries_plan(const struct gc *g, struct gc_plan *plan, struct err *e)
{
	MEM_AUTO char **ids = NULL;
	size_t count = 0;
	AUTO(paths_free) struct paths repos = { .list = NULL };
	if (record_ids(g->base, &ids, &count, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		add_repository_of(g, ids[i], &repos);
	for (size_t i = 0; i < repos.count; i++)
		look_at_repository(g, repos.list[i], plan);
	return 0;
}

/* ---- forgetting ---- */

static int forget(const struct gc *g, struct gc_item *item, const struct git_repo *repo,
                  struct err *e)
{
	int result = -1;
	struct err why = ERR_INIT;
	LOCK_AUTO lock = LOCK_NONE;
	struct record *r = mem_new(1, sizeof(*r));
	MEM_AUTO char *admin = mem_printf("%s/worktrees/%s", repo->common, item->name);
	record_init(r, item->id);
	if (str_copy(str_of(repo->common), r->git_repo, sizeof(r->git_repo)) == 0 &&
	    str_copy(str_of(admin), r->git_dir, sizeof(r->git_dir)) == 0 &&
	    git_keep_head(g->base, r, &why) == 0 && git_repo_lock(repo, &lock, &why) == 0)
		result = git_repo_forget(repo, item->name, &why);
	record_free(r);
	mem_free(r);
	if (result != 0)
		*e = why;
	return result;
}

int gc_git_entries_forget(const struct gc *g, struct gc_item *item, struct gc_done *done,
                          struct err *e)
{
	GIT_REPO_AUTO repo = GIT_REPO_NONE;
	LOCK_AUTO lock = LOCK_NONE;
	struct err why = ERR_INIT;
	if (gc_take_lock(g, item->id, &lock, &why) != 0 && why.kind != ERR_KIND_NOT_FOUND)
		return gc_take_leave(g, item, why.msg, done);
	if (git_repo_open(item->detail, &repo, e) != 0)
		return -1;
	if (!is_lost(g, item->id) || g->now_ms - written_ms(&repo, item->name) < GC_STAGING_AGE_MS)
		return gc_take_leave(g, item, "it is there again", done);
	if (forget(g, item, &repo, e) != 0)
		return -1;
	struct js *fields = js_object();
	js_set_path(fields, "repository", str_of(repo.common));
	js_set_text(fields, "worktree", item->name);
	journal_add(g->base, "git-forget", item->id, fields);
	done->forgotten++;
	return 0;
}
