/* Worktrees in workspaces. */
#include "ws/git_tree.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "os/dir.h"
#include "os/log.h"
#include "os/remove.h"
#include "os/sys.h"

enum { LINK_MAX = 8192, RANDOM_LEN = 9, REASON_SHOWN = 200 };

static const char lock_file[] = "locked";

struct git git_tree_git(const struct record *record, int fd)
{
	return (struct git){
		.cwd_fd = fd,
		.git_dir = record->git_dir,
		.timeout_ms = GIT_CHECKOUT_MS,
	};
}

/* ---- what is registered for us ---- */

/* <base>/.ws/staging/<id>.<nine letters or digits>[/…] */
static bool is_staged(const struct base_dir *b, const char *id, const char *path)
{
	MEM_AUTO char *head = mem_printf("%s/.ws/staging/%s.", b->path, id);
	struct str rest = str_of(path), name;
	if (!str_starts(rest, str_of(head)))
		return false;
	str_cut(str_skip(rest, strlen(head)), '/', &name, NULL);
	return name.len == RANDOM_LEN && str_index(name, '.') < 0;
}

/* The workspace's lock is held: what is registered for its id is no running setup's. */
static int forget_ours(const struct git_repo *r, const struct base_dir *b, const char *id,
                       struct err *e)
{
	GIT_REPO_ENTRIES_AUTO all = { .list = NULL };
	MEM_AUTO char *root = base_dir_workspace_path(b, id);
	if (git_repo_entries(r, &all, e) != 0)
		return -1;
	for (size_t i = 0; i < all.count; i++) {
		const struct git_repo_entry *at = &all.list[i];
		bool ours = strcmp(at->path, root) == 0 || is_staged(b, id, at->path);
		if (ours && git_repo_forget(r, at->name, e) != 0)
			return -1;
	}
	return 0;
}

int git_tree_forget(const struct base_dir *b, struct record *record, struct err *e)
{
	GIT_REPO_AUTO repo = GIT_REPO_NONE;
	LOCK_AUTO lock = LOCK_NONE;
	struct err why = ERR_INIT;
	if (git_repo_open(record->git_repo, &repo, &why) != 0) {
		if (why.kind == ERR_KIND_NOT_FOUND)
			return 0;
		*e = why;
		return -1;
	}
	return git_repo_lock(&repo, &lock, e) != 0 ? -1 : forget_ours(&repo, b, record->id, e);
}

/* ---- locks of worktrees ---- */

char *git_tree_reason(const char *id)
{
	return mem_printf("workspace %s; ws-teardown removes it", id);
}

/* Of an administrative directory: 1 and why it is locked, 0 it is not, -1. */
static int read_reason(int dirfd, struct buf *reason, struct err *e)
{
	struct err why = ERR_INIT;
	if (dir_read_file(dirfd, lock_file, reason, &why) == 0)
		return 1;
	if (why.kind == ERR_KIND_NOT_FOUND)
		return 0;
	*e = why;
	return -1;
}

int git_tree_check_lock(const struct record *record, struct err *e)
{
	FD_AUTO fd = -1;
	BUF_AUTO text = buf_make(LINK_MAX);
	MEM_AUTO char *ours = git_tree_reason(record->id);
	struct err why = ERR_INIT;
	int locked =
		dir_open_root(record->git_dir, &fd, &why) != 0 ? -1 : read_reason(fd, &text, &why);
	if (locked == 0 || (locked < 0 && why.kind == ERR_KIND_NOT_FOUND))
		return 0;
	if (locked < 0) {
		*e = why;
		return -1;
	}
	struct str reason = str_trim(buf_str(&text));
	if (str_starts(reason, str_of(ours)))
		return 0;
	reason = str_head(reason, reason.len < REASON_SHOWN ? reason.len : REASON_SHOWN);
	err_set(e, ERR_KIND_CONFLICT,
	        "workspace %s: somebody locked its worktree (\"%" STR_FMT
	        "\"); `git worktree unlock` there lets it go",
	        record->id, STR_ARG(reason));
	return err_code(e, "locked");
}

int git_tree_note_holder(const struct record *record, bool over, struct err *e)
{
	FD_AUTO fd = -1;
	BUF_AUTO now = buf_make(LINK_MAX), text = buf_make(LINK_MAX);
	MEM_AUTO char *ours = git_tree_reason(record->id);
	buf_add_text(&text, ours);
	if (record->holder_pid > 0 && !over)
		buf_printf(&text, " (pid %lld start %lld)", (long long)record->holder_pid,
		           (long long)record->holder_start_ticks);
	if (dir_open_root(record->git_dir, &fd, e) != 0)
		return -1;
	int locked = read_reason(fd, &now, e);
	bool is_same = str_eq(str_trim(buf_str(&now)), buf_str(&text));
	if (locked < 0 || !locked || is_same || !str_starts(buf_str(&now), str_of(ours)))
		return locked < 0 ? -1 : 0;
	buf_add_char(&text, '\n');
	return dir_replace_file(fd, lock_file, text.p, text.len, 0644, e);
}

/* Why the worktree at `path` is locked; nothing when it is not. */
static void add_reason(const struct git_repo *r, const char *path, struct buf *out)
{
	GIT_REPO_ENTRIES_AUTO all = { .list = NULL };
	struct err ignored = ERR_INIT;
	if (git_repo_entries(r, &all, &ignored) != 0)
		return;
	for (size_t i = 0; i < all.count; i++) {
		FD_AUTO fd = -1;
		BUF_AUTO text = buf_make(LINK_MAX);
		MEM_AUTO char *admin = mem_printf("worktrees/%s", all.list[i].name);
		if (strcmp(all.list[i].path, path) != 0 || dir_open(r->fd, admin, &fd, &ignored) ||
		    read_reason(fd, &text, &ignored) != 1)
			continue;
		struct str reason = str_trim(buf_str(&text));
		buf_printf(out, ", locked (\"%" STR_FMT "\")", STR_ARG(reason));
	}
}

/* ---- who has the branch ---- */

/* The workspace of ours that the path is, when somebody works in it. */
static void add_user(const struct base_dir *b, struct str path, struct buf *out)
{
	char holder[LOCK_HOLDER_MAX];
	struct err ignored = ERR_INIT;
	FD_AUTO fd = -1;
	struct str above, name;
	str_cut_last(path, '/', &above, &name);
	MEM_AUTO char *id = mem_str(name);
	if (str_is(above, b->path) && record_dir(b, id, false, &fd, &ignored) == 0 &&
	    lock_probe(fd, "lock", holder, &ignored) == 1)
		buf_printf(out, ", in use by %s", holder);
}

/* A workspace of this base that is over: it has no directory, and no record that speaks of one. */
static bool is_over(const struct base_dir *b, struct str path, char id[DIR_NAME_MAX + 1])
{
	RECORD_AUTO record = { .labels = NULL };
	struct err why = ERR_INIT;
	struct str above, name;
	str_cut_last(path, '/', &above, &name);
	if (!str_is(above, b->path) || str_copy(name, id, DIR_NAME_MAX + 1) != 0 ||
	    dir_exists(b->fd, id, &why) != 0)
		return false;
	if (record_load(b, id, &record, &why) != 0)
		return why.kind == ERR_KIND_NOT_FOUND;
	return record.state == RECORD_SAVED || record.state == RECORD_TRASHED;
}

static int check_holder(const struct git_repo *r, const struct base_dir *b, const char *branch,
                        struct err *e)
{
	BUF_AUTO path = buf_make(LINK_MAX), who = buf_make(LINK_MAX);
	FD_AUTO fd = -1;
	char other[DIR_NAME_MAX + 1];
	struct err ignored = ERR_INIT;
	int held = git_repo_holder(r, branch, &path, e);
	if (held <= 0)
		return held;
	if (is_over(b, buf_str(&path), other))
		return forget_ours(r, b, other, e);
	bool is_there = dir_open_root(path.p, &fd, &ignored) == 0;
	if (is_there)
		add_user(b, buf_str(&path), &who);
	add_reason(r, path.p, &who);
	if (is_there)
		err_set(e, ERR_KIND_CONFLICT,
		        "branch %s is checked out in %s already%s; a clone (--profile clone) or "
		        "another --branch can be had beside it",
		        branch, path.p, who.p);
	else
		err_set(e, ERR_KIND_CONFLICT,
		        "branch %s is registered for the worktree %s, whose directory is not "
		        "there%s; `git worktree remove -f -f %s` in the repository forgets it",
		        branch, path.p, who.p, path.p);
	return err_code(e, is_there ? "checked_out_elsewhere" : "stale_worktree");
}

/* ---- making one ---- */

const char *git_tree_branch(const struct record *record)
{
	const char *head = record->git_head;
	if (strncmp(head, "refs/heads/", 11) == 0)
		return head + 11;
	return head[0] ? NULL : record->git_branch;
}

static int add(const struct git_repo *r, const struct record *record, const char *path,
               const struct git_base *base, struct err *e)
{
	const struct git g = git_repo_git(r, GIT_METADATA_MS);
	const char *branch = git_tree_branch(record);
	MEM_AUTO char *reason = git_tree_reason(record->id);
	const char *args[GIT_ARGS_MAX + 1] = { "worktree", "add",      "--no-checkout",
		                               "--lock",   "--reason", reason };
	size_t n = 6;
	if (!branch) {
		args[n++] = "--detach";
	} else if (!base->exists) {
		args[n++] = "--no-track";
		args[n++] = "-b";
		args[n++] = branch;
	}
	args[n++] = path;
	args[n++] = !branch ? record->git_head : base->exists ? branch : base->oid;
	return git_run(&g, args, NULL, e);
}

static int add_locked(const struct git_repo *r, const struct base_dir *b,
                      const struct record *record, const char *path, const struct git_base *base,
                      struct err *e)
{
	LOCK_AUTO lock = LOCK_NONE;
	const char *branch = git_tree_branch(record);
	if (git_repo_lock(r, &lock, e) != 0 || forget_ours(r, b, record->id, e) != 0 ||
	    (branch && check_holder(r, b, branch, e) != 0))
		return -1;
	return add(r, record, path, base, e);
}

/* The file .git: "gitdir: <administrative directory>". */
static int read_link(int fd, char *out, size_t cap, struct err *e)
{
	BUF_AUTO text = buf_make(LINK_MAX);
	if (dir_read_file(fd, ".git", &text, e) != 0)
		return -1;
	struct str line = str_trim(buf_str(&text));
	if (!str_starts(line, S("gitdir: ")) || str_copy(str_skip(line, 8), out, cap) != 0)
		return err_set(e, ERR_KIND_DATA, ".git does not name a repository");
	return 0;
}

/* git wants an empty directory, and ours may hold what it ignores: it gets one in it, of which only .git stays. */
int git_tree_add(const struct git_repo *r, const struct base_dir *b, struct record *record,
                 const char *stage, int fd, const struct git_base *base, struct err *e)
{
	FD_AUTO inner = -1;
	MEM_AUTO char *path = mem_printf("%s/.ws/staging/%s/%s", b->path, stage, stage);
	if (add_locked(r, b, record, path, base, e) != 0 || dir_open(fd, stage, &inner, e) != 0 ||
	    read_link(inner, record->git_dir, sizeof(record->git_dir), e) != 0 ||
	    dir_rename(inner, ".git", fd, ".git", true, e) != 0)
		return -1;
	return remove_tree(fd, stage, NULL, e);
}

int git_tree_checkout(const struct record *record, int fd, struct err *e)
{
	const struct git g = git_tree_git(record, fd);
	return git_run(&g, GIT_ARGS("reset", "--hard", "--quiet"), NULL, e);
}

/* ---- finding it again ---- */

/* Whether the administrative directory points back at `root`: 1, 0 elsewhere, -1; NOT_FOUND when it is gone. */
static int points_at(const struct record *record, const char *root, struct err *e)
{
	FD_AUTO admin = -1;
	BUF_AUTO text = buf_make(LINK_MAX);
	MEM_AUTO char *expected = mem_printf("%s/.git", root);
	if (dir_open_root(record->git_dir, &admin, e) != 0 ||
	    dir_read_file(admin, "gitdir", &text, e) != 0)
		return -1;
	return str_is(str_trim(buf_str(&text)), expected);
}

int git_tree_is_linked(const struct record *record, int fd, const char *root, struct err *e)
{
	char link[sizeof(record->git_dir)];
	struct err why = ERR_INIT;
	if (read_link(fd, link, sizeof(link), &why) == 0) {
		int back = strcmp(link, record->git_dir) == 0 ? points_at(record, root, &why) : 0;
		if (back >= 0)
			return back;
	}
	if (why.kind == ERR_KIND_NOT_FOUND || why.kind == ERR_KIND_DATA)
		return 0;
	*e = why;
	return -1;
}

/* The registration is gone: the directory gets a new one, and what is in it is compared with its head again. */
static int register_again(const struct git_repo *r, const struct base_dir *b, struct record *record,
                          int fd, struct err *e)
{
	FD_AUTO area = -1, staged = -1;
	char stage[DIR_NAME_MAX + 1], random[RANDOM_LEN + 1];
	const char *branch = git_tree_branch(record);
	const struct git_base_how how = {
		.branch = branch ? branch : record->git_branch,
		.is_ours = true,
	};
	struct git_base base;
	sys_random_name(random);
	snprintf(stage, sizeof(stage), "%s.%s", record->id, random);
	if (git_base_choose(r, &how, &base, e) != 0 || base_dir_area(b, "staging", &area, e) != 0 ||
	    dir_make(area, stage, 0700, &staged, e) != 0 ||
	    git_tree_add(r, b, record, stage, staged, &base, e) != 0 ||
	    dir_unlink(fd, ".git", e) != 0 || dir_rename(staged, ".git", fd, ".git", true, e) != 0)
		return -1;
	const struct git g = git_tree_git(record, fd);
	log_warn("%s: the repository had forgotten it; it is registered again", record->id);
	/* As a `git reset` does, without the lock of the branch that one which is killed leaves behind. */
	if (git_run(&g, GIT_ARGS("read-tree", "HEAD"), NULL, e) != 0 ||
	    git_ask(&g, GIT_ARGS("update-index", "-q", "--refresh"), NULL, e) < 0)
		return -1;
	return remove_tree(area, stage, NULL, e);
}

static int repair(const struct git_repo *r, const char *root, struct err *e)
{
	LOCK_AUTO lock = LOCK_NONE;
	const struct git g = git_repo_git(r, GIT_METADATA_MS);
	if (git_repo_lock(r, &lock, e) != 0)
		return -1;
	return git_run(&g, GIT_ARGS("worktree", "repair", root), NULL, e);
}

int git_tree_attach(const struct base_dir *b, struct record *record, struct err *e)
{
	FD_AUTO fd = -1;
	GIT_REPO_AUTO repo = GIT_REPO_NONE;
	struct err why = ERR_INIT;
	MEM_AUTO char *root = base_dir_workspace_path(b, record->id);
	int linked = points_at(record, root, &why);
	if (linked == 1)
		return 0;
	if (linked < 0 && why.kind != ERR_KIND_NOT_FOUND) {
		*e = why;
		return -1;
	}
	if (dir_open(b->fd, record->id, &fd, e) != 0 ||
	    git_repo_open(record->git_repo, &repo, e) != 0)
		return -1;
	if (linked < 0 && register_again(&repo, b, record, fd, e) != 0)
		return -1;
	return repair(&repo, root, e);
}
