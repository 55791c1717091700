/* Keeping what was not committed. */
#include "ws/git_keep.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "os/copy.h"
#include "os/dir.h"
#include "ws/git_state.h"

static const char index_name[] = "git-index";
/* git's own; one that was killed leaves it behind, and then no other can work. */
static const char index_lock[] = "git-index.lock";

struct keeper {
	const struct base_dir *b;
	struct record *record;
	struct git tree;  /* the tree with its own index */
	struct git index; /* the tree with a copy of it */
	char head[GIT_OID_MAX], head_tree[GIT_OID_MAX];
	char staged_tree[GIT_OID_MAX]; /* "": as the head, or in conflict */
	char all_tree[GIT_OID_MAX];
	bool head_is_alone; /* detached, and its commits are in no branch */
};

int git_keep_check_id(const char *id, struct err *e)
{
	struct str s = str_of(id);
	if (!str_has(s, S("..")) && !str_ends(s, S(".")) && !str_ends(s, S(".lock")))
		return 0;
	return err_set(
		e, ERR_KIND_USAGE,
		"workspace id \"%s\" can't be part of the name of a git ref (\"..\", or \".\" or "
		"\".lock\" at its end)",
		id);
}

/* ---- a copy of the index ---- */

/* A copy knows what need not be read again. Without an index, as after a checkout that was killed, all of it is. */
static int copy_index(const struct keeper *k, int dir, struct err *e)
{
	FD_AUTO admin = -1, from = -1, to = -1;
	uint64_t copied;
	struct err why = ERR_INIT;
	if (dir_unlink(dir, index_name, e) != 0 || dir_unlink(dir, index_lock, e) != 0 ||
	    dir_open_root(k->record->git_dir, &admin, e) != 0)
		return -1;
	if (dir_open_file(admin, "index", &from, &why) == 0)
		return dir_create_file(dir, index_name, 0600, &to, e) != 0
		               ? -1
		               : copy_bytes(from, to, &copied, e, "index");
	if (why.kind == ERR_KIND_NOT_FOUND)
		return git_run(&k->index, GIT_ARGS("read-tree", "HEAD"), NULL, e);
	*e = why;
	return -1;
}

/* ---- what there is ---- */

static int look_at_head(struct keeper *k, struct err *e)
{
	char count[32];
	struct record *r = k->record;
	const struct git *g = &k->tree;
	int there = git_find(g, GIT_ARGS("rev-parse", "--verify", "--quiet", "HEAD"), k->head,
	                     sizeof(k->head), e);
	if (there == 0) {
		err_set(e, ERR_KIND_CONFLICT,
		        "its branch has no commit, and so nothing can be kept here: commit it");
		return err_code(e, "dirty");
	}
	if (there < 0 || git_line(g, GIT_ARGS("rev-parse", "HEAD^{tree}"), k->head_tree,
	                          sizeof(k->head_tree), e) != 0)
		return -1;
	int on_branch = git_find(g, GIT_ARGS("symbolic-ref", "--quiet", "HEAD"), r->git_head,
	                         sizeof(r->git_head), e);
	if (on_branch != 0)
		return on_branch < 0 ? -1 : 0;
	snprintf(r->git_head, sizeof(r->git_head), "%s", k->head);
	if (git_line(g,
	             GIT_ARGS("rev-list", "--count", "HEAD", "--not", "--branches", "--remotes",
	                      "--tags"),
	             count, sizeof(count), e) != 0)
		return -1;
	k->head_is_alone = strcmp(count, "0") != 0;
	return 0;
}

/* Files that git was told not to look at (assume-unchanged, skip-worktree) are looked at, in the copy of the index. Those
 * of a sparse checkout that are not there stay as they are. */
static int unhide(const struct keeper *k, struct err *e)
{
	BUF_AUTO text = buf_make(GIT_OUTPUT_MAX), skipped = buf_make(GIT_OUTPUT_MAX);
	struct git g = k->index;
	struct str line, rest;
	struct err ignored = ERR_INIT;
	if (git_run(&g, GIT_ARGS("ls-files", "-z", "-v"), &text, e) != 0)
		return -1;
	rest = buf_str(&text);
	while (str_cut(rest, '\0', &line, &rest)) {
		bool hidden = line.len > 2 && (line.p[0] == 'S' || line.p[0] == 's');
		if (hidden && dir_exists(g.cwd_fd, line.p + 2, &ignored) == 1)
			buf_add(&skipped, line.p + 2, line.len - 1);
	}
	if (git_ask(&g, GIT_ARGS("update-index", "-q", "--really-refresh"), NULL, e) < 0)
		return -1;
	if (skipped.len == 0)
		return 0;
	g.input = buf_str(&skipped);
	return git_run(&g, GIT_ARGS("update-index", "--no-skip-worktree", "-z", "--stdin"), NULL,
	               e);
}

/* Everything but repositories within the tree, of which git would keep no more than a number. */
static int add_all(const struct keeper *k, struct err *e)
{
	BUF_AUTO text = buf_make(GIT_OUTPUT_MAX), spec = buf_make(GIT_OUTPUT_MAX);
	struct git g = k->index;
	struct str line, rest;
	if (git_run(&k->tree, GIT_ARGS("ls-files", "-z", "--others", "--exclude-standard"), &text,
	            e) != 0)
		return -1;
	buf_add(&spec, ".", 2);
	rest = buf_str(&text);
	while (str_cut(rest, '\0', &line, &rest)) {
		if (!str_ends(line, S("/")))
			continue;
		buf_add_text(&spec, ":(exclude,top,literal)");
		buf_add_str(&spec, str_head(line, line.len - 1));
		buf_add_char(&spec, '\0');
	}
	if (buf_check(&spec, e, "the list of repositories within the tree") != 0)
		return -1;
	g.input = buf_str(&spec);
	return git_run(&g,
	               GIT_ARGS("add", "--all", "--pathspec-from-file=-", "--pathspec-file-nul"),
	               NULL, e);
}

static int make_trees(struct keeper *k, struct err *e)
{
	struct err ignored = ERR_INIT;
	/* In the middle of a merge there is no tree of what is staged; the files have all of it. */
	if (git_line(&k->index, GIT_ARGS("write-tree"), k->staged_tree, sizeof(k->staged_tree),
	             &ignored) != 0 ||
	    strcmp(k->staged_tree, k->head_tree) == 0)
		k->staged_tree[0] = '\0';
	if (unhide(k, e) != 0 || add_all(k, e) != 0)
		return -1;
	return git_line(&k->index, GIT_ARGS("write-tree"), k->all_tree, sizeof(k->all_tree), e);
}

/* ---- keeping it ---- */

static int commit(struct keeper *k, char oid[GIT_OID_MAX], struct err *e)
{
	char staged[GIT_OID_MAX];
	MEM_AUTO char *message = mem_printf("ws: workspace %s as it was", k->record->id);
	if (!k->staged_tree[0])
		return git_line(&k->tree,
		                GIT_ARGS("commit-tree", "-p", k->head, "-m", message, k->all_tree),
		                oid, GIT_OID_MAX, e);
	if (git_line(&k->tree,
	             GIT_ARGS("commit-tree", "-p", k->head, "-m", message, k->staged_tree), staged,
	             sizeof(staged), e) != 0)
		return -1;
	return git_line(
		&k->tree,
		GIT_ARGS("commit-tree", "-p", k->head, "-p", staged, "-m", message, k->all_tree),
		oid, GIT_OID_MAX, e);
}

/* What was kept before and never brought back is not written over. */
static int set_aside(const struct git *g, const struct record *r, const char *old, struct err *e)
{
	if (!old[0] || strcmp(old, r->git_preserved) == 0)
		return 0;
	MEM_AUTO char *ref = mem_printf("refs/ws/conflict/%s/%.12s", r->id, old);
	return git_run(g, GIT_ARGS("update-ref", ref, old), NULL, e);
}

/* The ref is ours alone, and so is a lock of it that a killed git left. */
static int set_ref(const struct keeper *k, const char *ref, const char *oid, struct err *e)
{
	GIT_REPO_AUTO repo = GIT_REPO_NONE;
	struct err why = ERR_INIT, ignored = ERR_INIT;
	const char *const *args = GIT_ARGS("update-ref", ref, oid);
	if (git_run(&k->tree, args, NULL, &why) == 0)
		return 0;
	if (git_repo_open(k->record->git_repo, &repo, &ignored) != 0) {
		*e = why;
		return -1;
	}
	git_repo_drop_lock(&repo, ref, 0);
	return git_run(&k->tree, args, NULL, e);
}

static int keep(struct keeper *k, struct err *e)
{
	struct record *r = k->record;
	const struct git *g = &k->tree;
	char old[GIT_OID_MAX] = "", new[GIT_OID_MAX];
	MEM_AUTO char *ref = mem_printf("refs/ws/preserved/%s", r->id);
	bool is_clean =
		strcmp(k->all_tree, k->head_tree) == 0 && !k->staged_tree[0] && !k->head_is_alone;
	if (git_find(g, GIT_ARGS("rev-parse", "--verify", "--quiet", ref), old, sizeof(old), e) <
	            0 ||
	    set_aside(g, r, old, e) != 0)
		return -1;
	if (is_clean) {
		r->git_preserved[0] = '\0';
		return old[0] ? git_repo_delete_ref(r->git_repo, g, ref, old, e) : 0;
	}
	if (commit(k, new, e) != 0 || set_ref(k, ref, new, e) != 0)
		return -1;
	snprintf(r->git_preserved, sizeof(r->git_preserved), "%s", new);
	return 0;
}

int git_keep(const struct base_dir *b, struct record *record, int fd, struct err *e)
{
	FD_AUTO dir = -1;
	struct err ignored = ERR_INIT;
	MEM_AUTO char *path = mem_printf("%s/.ws/%s/%s", b->path, record->id, index_name);
	struct keeper k = { .b = b, .record = record, .tree = git_tree_git(record, fd) };
	k.index = k.tree;
	k.index.index_file = path;
	if (record_dir(b, record->id, true, &dir, e) != 0)
		return -1;
	int result = look_at_head(&k, e) != 0 || git_state_submodules_check(&k.tree, e) != 0 ||
	                             copy_index(&k, dir, e) != 0 || make_trees(&k, e) != 0 ||
	                             keep(&k, e) != 0
	                     ? -1
	                     : 0;
	if (dir_unlink(dir, index_name, &ignored) != 0)
		return result != 0 ? -1 : (*e = ignored, -1);
	return result != 0 ? err_context(e, "preserve %s", record->id) : 0;
}

int git_keep_head(const struct base_dir *b, struct record *record, struct err *e)
{
	struct keeper k = { .b = b, .record = record, .tree = git_tree_git(record, -1) };
	k.tree.no_tree = true;
	if (look_at_head(&k, e) != 0)
		return -1;
	/* What was brought back into the tree is gone with it: it is kept as it was. */
	if (!k.head_is_alone)
		return 0;
	record->git_preserved[0] = '\0';
	snprintf(k.all_tree, sizeof(k.all_tree), "%s", k.head_tree);
	return keep(&k, e);
}

int git_keep_note_head(struct record *record, struct err *e)
{
	struct keeper k = { .record = record, .tree = git_tree_git(record, -1) };
	k.tree.no_tree = true;
	return look_at_head(&k, e);
}
