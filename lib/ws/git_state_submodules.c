/* Repositories that a tree has as one entry: what is in them goes with the tree. */
#include <string.h>

#include "base/mem.h"
#include "os/dir.h"
#include "ws/git_state.h"

static int refuse(struct str path, struct err *e)
{
	err_set(e, ERR_KIND_CONFLICT,
	        "the submodule %" STR_FMT
	        " has work of its own, which can't be kept here: commit and push it",
	        STR_ARG(path));
	return err_code(e, "dirty");
}

/* Lines of porcelain v2 of tracked things: "1 XY S... ", where the S says what a submodule has of its own. */
static int check_status(const struct git *g, struct err *e)
{
	BUF_AUTO text = buf_make(GIT_OUTPUT_MAX);
	struct str line, rest, path;
	if (git_run(g,
	            GIT_ARGS("status", "--porcelain=v2", "-z", "--untracked-files=no",
	                     "--ignore-submodules=none", "--no-renames"),
	            &text, e) != 0)
		return -1;
	rest = buf_str(&text);
	while (str_cut(rest, '\0', &line, &rest)) {
		if (line.len < 10 || line.p[0] != '1' || line.p[5] != 'S' ||
		    memcmp(line.p + 6, "...", 3) == 0)
			continue;
		str_cut_last(line, ' ', NULL, &path);
		return refuse(path, e);
	}
	return 0;
}

/* To the tree it is clean when its head is the one that is recorded, whoever else has that commit. */
static int check_one(const struct git *g, struct str path, struct err *e)
{
	FD_AUTO fd = -1;
	struct git_state s;
	struct file_stat st;
	struct err ignored = ERR_INIT;
	MEM_AUTO char *text = mem_str(path);
	if (dir_stat(g->cwd_fd, text, &st, &ignored) != 0 || !file_is_dir(&st))
		return 0;
	if (dir_open(g->cwd_fd, text, &fd, e) != 0 || git_state_look(fd, NULL, &s, e) != 0)
		return err_context(e, "submodule %s", text);
	return s.is_git && git_state_would_lose(&s) ? refuse(path, e) : 0;
}

/* Lines of the index: "160000 <oid> 0\t<path>". */
int git_state_submodules_check(const struct git *g, struct err *e)
{
	BUF_AUTO text = buf_make(GIT_OUTPUT_MAX);
	struct str line, rest, path;
	if (check_status(g, e) != 0 ||
	    git_run(g, GIT_ARGS("ls-files", "-z", "--stage"), &text, e) != 0)
		return -1;
	rest = buf_str(&text);
	while (str_cut(rest, '\0', &line, &rest)) {
		if (str_starts(line, S("160000 ")) && str_cut(line, '\t', NULL, &path) &&
		    check_one(g, path, e) != 0)
			return -1;
	}
	return 0;
}
