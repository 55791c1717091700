/* Looking at a work tree. */
#include "ws/git_state.h"

#include <string.h>

#include "base/num.h"
#include "os/dir.h"

/* ---- `git status --porcelain=v2 -z --branch` ---- */

static int copy_header(struct str line, struct git_state *out, struct err *e)
{
	struct str name, value;
	if (!str_cut(str_skip(line, 2), ' ', &name, &value))
		return 0;
	if (str_is(name, "branch.oid") && !str_is(value, "(initial)") &&
	    str_copy(value, out->head, sizeof(out->head)) != 0)
		return err_set(e, ERR_KIND_DATA, "git status: an object id is too long");
	if (str_is(name, "branch.head") && !str_is(value, "(detached)") &&
	    str_copy(value, out->branch, sizeof(out->branch)) != 0)
		return err_set(e, ERR_KIND_DATA, "git status: the branch's name is too long");
	return 0;
}

static int parse_status(struct str text, struct git_state *out, struct err *e)
{
	struct str line;
	while (str_cut(text, '\0', &line, &text)) {
		switch (line.len > 0 ? line.p[0] : '\0') {
		case '#':
			if (copy_header(line, out, e) != 0)
				return -1;
			break;
		case '2': /* renamed: the former path is an item of its own */
			str_cut(text, '\0', NULL, &text);
			out->dirty++;
			break;
		case '1':
		case 'u':
			out->dirty++;
			break;
		case '?':
			out->untracked++;
			break;
		default:
			return err_set(e, ERR_KIND_DATA, "git status: an unknown line");
		}
	}
	return 0;
}

static int look_at_files(const struct git *g, struct git_state *out, struct err *e)
{
	BUF_AUTO text = buf_make(GIT_OUTPUT_MAX);
	const char *const *args =
		GIT_ARGS("status", "--porcelain=v2", "-z", "--branch", "--untracked-files=normal",
	                 "--ignore-submodules=none", "--no-ahead-behind");
	if (git_run(g, args, &text, e) != 0)
		return -1;
	return parse_status(buf_str(&text), out, e);
}

/* ---- commits ---- */

static int count(const struct git *g, const char *const *args, uint64_t *out, struct err *e)
{
	char line[32];
	if (git_line(g, args, line, sizeof(line), e) != 0)
		return -1;
	return num_parse_u64(str_of(line), out, e);
}

static int has_remote(const struct git *g, bool *out, struct err *e)
{
	char line[GIT_NAME_MAX * 2];
	const char *const *args =
		GIT_ARGS("for-each-ref", "--count=1", "--format=%(objectname)", "refs/remotes");
	if (git_line(g, args, line, sizeof(line), e) != 0)
		return -1;
	*out = line[0] != '\0';
	return 0;
}

/* Every entry of the stash is a commit that nothing else names. */
static int count_stash(const struct git *g, uint64_t *out, struct err *e)
{
	char line[GIT_OID_MAX];
	int there = git_find(g, GIT_ARGS("rev-parse", "--verify", "--quiet", "refs/stash"), line,
	                     sizeof(line), e);
	if (there <= 0)
		return there;
	return count(g, GIT_ARGS("rev-list", "--count", "--walk-reflogs", "refs/stash"), out, e);
}

static int count_unpushed(const struct git *g, struct git_state *out, struct err *e)
{
	uint64_t stash = 0;
	if (out->is_worktree)
		return !out->has_remote ? 0
		                        : count(g,
		                                GIT_ARGS("rev-list", "--count", "HEAD", "--not",
		                                         "--remotes"),
		                                &out->unpushed, e);
	if (count(g, GIT_ARGS("rev-list", "--count", "HEAD", "--branches", "--not", "--remotes"),
	          &out->unpushed, e) != 0 ||
	    count_stash(g, &stash, e) != 0)
		return -1;
	out->unpushed += stash;
	return 0;
}

static int look_at_commits(const struct git *g, struct git_state *out, struct err *e)
{
	if (!out->head[0])
		return 0;
	if (has_remote(g, &out->has_remote, e) != 0 || count_unpushed(g, out, e) != 0)
		return -1;
	if (out->branch[0])
		return 0;
	return count(g,
	             GIT_ARGS("rev-list", "--count", "HEAD", "--not", "--branches", "--remotes",
	                      "--tags", "--glob=refs/ws"),
	             &out->detached, e);
}

/* ---- what git is in the middle of ---- */

static int look_at_admin(int fd, const char **under_way, struct err *e)
{
	static const char *const rows[][2] = {
		{ "rebase-merge", "a rebase" },
		{ "rebase-apply", "a rebase" },
		{ "MERGE_HEAD", "a merge" },
		{ "MERGE_AUTOSTASH", "a merge" },
		{ "CHERRY_PICK_HEAD", "a cherry-pick" },
		{ "REVERT_HEAD", "a revert" },
		{ "sequencer", "a cherry-pick or revert" },
	};
	*under_way = NULL;
	for (size_t i = 0; i < COUNTOF(rows) && !*under_way; i++) {
		int there = dir_exists(fd, rows[i][0], e);
		if (there < 0)
			return -1;
		*under_way = there ? rows[i][1] : NULL;
	}
	return 0;
}

static int open_admin(const char *git_dir, int *fd, struct err *e)
{
	struct err why = ERR_INIT;
	if (dir_open_root(git_dir, fd, &why) == 0)
		return 0;
	if (why.kind != ERR_KIND_NOT_FOUND) {
		*e = why;
		return -1;
	}
	return err_set(e, ERR_KIND_NOT_FOUND,
	               "%s is not there: when its repository was moved a link at the old place to "
	               "the new one will do",
	               git_dir);
}

int git_state_check_ended(const char *git_dir, struct err *e)
{
	FD_AUTO fd = -1;
	const char *under_way;
	if (open_admin(git_dir, &fd, e) != 0 || look_at_admin(fd, &under_way, e) != 0)
		return -1;
	if (!under_way)
		return 0;
	err_set(e, ERR_KIND_CONFLICT,
	        "%s is under way, which can't be kept here: it has to be finished or aborted",
	        under_way);
	return err_code(e, "dirty");
}

static int look_under_way(int dirfd, const char *git_dir, struct git_state *out, struct err *e)
{
	FD_AUTO fd = -1;
	if ((git_dir ? open_admin(git_dir, &fd, e) : dir_open(dirfd, ".git", &fd, e)) != 0)
		return -1;
	return look_at_admin(fd, &out->under_way, e);
}

/* ---- all ---- */

/* A file in place of a directory: the repository is elsewhere, and it is a worktree's when others share it. What is under way
 * there is not looked for: it stays there. */
static int look_at_link(const struct git *g, struct git_state *out, struct err *e)
{
	BUF_AUTO text = buf_make(GIT_OUTPUT_MAX);
	struct str own, shared, rest;
	if (git_run(g, GIT_ARGS("rev-parse", "--git-dir", "--git-common-dir"), &text, e) != 0)
		return -1;
	rest = buf_str(&text);
	str_cut(rest, '\n', &own, &rest);
	str_cut(rest, '\n', &shared, &rest);
	out->is_worktree = !str_eq(own, shared);
	return 0;
}

static int look_at_dot_git(int dirfd, struct git_state *out, bool *is_link, struct err *e)
{
	struct file_stat st;
	struct err why = ERR_INIT;
	if (dir_stat(dirfd, ".git", &st, &why) != 0) {
		if (why.kind == ERR_KIND_NOT_FOUND)
			return 0;
		*e = why;
		return -1;
	}
	out->is_git = true;
	*is_link = file_is_regular(&st);
	return 0;
}

int git_state_look(int dirfd, const char *git_dir, struct git_state *out, struct err *e)
{
	const struct git g = {
		.cwd_fd = dirfd,
		/* Said, so that a broken one is not looked for in the directories above. */
		.git_dir = git_dir ? git_dir : ".git",
		.timeout_ms = GIT_METADATA_MS,
		.as_owner = git_dir == NULL,
	};
	*out = (struct git_state){ .is_git = git_dir != NULL, .is_worktree = git_dir != NULL };
	bool is_link = false;
	if (!git_dir && look_at_dot_git(dirfd, out, &is_link, e) != 0)
		return -1;
	if (!out->is_git)
		return 0;
	if ((is_link ? look_at_link(&g, out, e) : look_under_way(dirfd, git_dir, out, e)) != 0 ||
	    look_at_files(&g, out, e) != 0 || look_at_commits(&g, out, e) != 0)
		return err_context(e, "look at the work tree");
	return 0;
}

bool git_state_would_lose(const struct git_state *s)
{
	return s->dirty > 0 || s->untracked > 0 || s->detached > 0 || s->under_way ||
	       (!s->is_worktree && s->unpushed > 0);
}
