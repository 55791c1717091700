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

/* ---- all ---- */

/* A file in place of a directory: the repository is elsewhere. */
static int look_at_dot_git(int dirfd, struct git_state *out, struct err *e)
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
	out->is_worktree = file_is_regular(&st);
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
	if (!git_dir && look_at_dot_git(dirfd, out, e) != 0)
		return -1;
	if (!out->is_git)
		return 0;
	if (look_at_files(&g, out, e) != 0 || look_at_commits(&g, out, e) != 0)
		return err_context(e, "look at the work tree");
	return 0;
}

bool git_state_would_lose(const struct git_state *s)
{
	return s->dirty > 0 || s->untracked > 0 || s->detached > 0 ||
	       (!s->is_worktree && s->unpushed > 0);
}
