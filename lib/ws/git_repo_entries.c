/* The worktrees that a repository knows (gitrepository-layout(5): worktrees/<id>/gitdir). */
#include <string.h>

#include "base/mem.h"
#include "os/dir.h"
#include "os/remove.h"
#include "ws/git_repo.h"

enum { ENTRIES_MAX = 100 * 1000, PATH_TEXT_MAX = 4096 };

/* The file holds "<worktree>/.git" and a newline. */
static char *read_path(int dirfd, const char *name)
{
	BUF_AUTO text = buf_make(PATH_TEXT_MAX);
	struct err ignored = ERR_INIT;
	MEM_AUTO char *file = mem_printf("%s/gitdir", name);
	if (dir_read_file(dirfd, file, &text, &ignored) != 0)
		return NULL;
	struct str path = str_trim(buf_str(&text));
	return str_ends(path, S("/.git")) ? mem_str(str_head(path, path.len - 5)) : NULL;
}

int git_repo_entries(const struct git_repo *r, struct git_repo_entries *out, struct err *e)
{
	FD_AUTO fd = -1;
	MEM_AUTO char **names = NULL;
	size_t count;
	struct err why = ERR_INIT;
	*out = (struct git_repo_entries){ .list = NULL };
	if (dir_open(r->fd, "worktrees", &fd, &why) != 0) {
		if (why.kind == ERR_KIND_NOT_FOUND)
			return 0;
		*e = why;
		return -1;
	}
	if (dir_list(fd, ENTRIES_MAX, &names, &count, e) != 0)
		return -1;
	out->list = mem_new(count + 1, sizeof(*out->list));
	for (size_t i = 0; i < count; i++) {
		char *path = read_path(fd, names[i]);
		if (path)
			out->list[out->count++] =
				(struct git_repo_entry){ mem_text(names[i]), path };
	}
	return 0;
}

void git_repo_entries_free(struct git_repo_entries *l)
{
	for (size_t i = 0; i < l->count; i++) {
		mem_free(l->list[i].name);
		mem_free(l->list[i].path);
	}
	mem_free(l->list);
	*l = (struct git_repo_entries){ .list = NULL };
}

int git_repo_forget(const struct git_repo *r, const char *name, struct err *e)
{
	FD_AUTO fd = -1;
	struct err why = ERR_INIT;
	if (dir_open(r->fd, "worktrees", &fd, &why) != 0) {
		if (why.kind == ERR_KIND_NOT_FOUND)
			return 0;
		*e = why;
		return -1;
	}
	return remove_tree(fd, name, NULL, e);
}

/* `git worktree list --porcelain -z`: lines "name value", an empty one behind each worktree. */
int git_repo_holder(const struct git_repo *r, const char *branch, struct buf *path, struct err *e)
{
	const struct git g = git_repo_git(r, GIT_METADATA_MS);
	BUF_AUTO text = buf_make(GIT_OUTPUT_MAX);
	MEM_AUTO char *ref = mem_printf("refs/heads/%s", branch);
	if (git_run(&g, GIT_ARGS("worktree", "list", "--porcelain", "-z"), &text, e) != 0)
		return -1;
	struct str rest = buf_str(&text), line, name, value, at = S("");
	while (str_cut(rest, '\0', &line, &rest)) {
		str_cut(line, ' ', &name, &value);
		if (str_is(name, "worktree"))
			at = value;
		if (!str_is(name, "branch") || !str_is(value, ref))
			continue;
		buf_add_str(path, at);
		return 1;
	}
	return 0;
}
