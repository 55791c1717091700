/* What git does not keep: the list for the archive. */
#include <string.h>

#include "base/mem.h"
#include "ws/git_keep.h"
#include "ws/link.h"

/* Add those that `wanted` is true for; they come without the slash at the end of a directory. */
static int add(const struct git *g, const char *const *args, bool only_directories,
               const struct record *record, struct git_keep_paths *out, struct err *e)
{
	BUF_AUTO text = buf_make(GIT_OUTPUT_MAX);
	struct str line, rest;
	if (git_run(g, args, &text, e) != 0)
		return -1;
	rest = buf_str(&text);
	while (str_cut(rest, '\0', &line, &rest)) {
		bool is_directory = str_ends(line, S("/"));
		if (only_directories && !is_directory)
			continue;
		if (is_directory)
			line.len--;
		if (link_is_ours(record, g->cwd_fd, line))
			continue;
		buf_add_str(&out->text, line);
		buf_add_char(&out->text, '\0');
		out->count++;
	}
	return 0;
}

static void make_list(struct git_keep_paths *out)
{
	const char *at = out->text.p;
	out->list = mem_new(out->count + 1, sizeof(char *));
	for (size_t i = 0; i < out->count; i++) {
		out->list[i] = at;
		at += strlen(at) + 1;
	}
}

int git_keep_rest(const struct record *record, int fd, struct git_keep_paths *out, struct err *e)
{
	const struct git g = git_tree_git(record, fd);
	*out = (struct git_keep_paths){ .text = buf_make(GIT_OUTPUT_MAX) };
	if (add(&g, GIT_ARGS("ls-files", "-z", "--others", "--exclude-standard"), true, record, out,
	        e) != 0)
		return -1;
	if (!record->git_drops_ignored && add(&g,
	                                      GIT_ARGS("ls-files", "-z", "--others", "--ignored",
	                                               "--exclude-standard", "--directory"),
	                                      false, record, out, e) != 0)
		return -1;
	make_list(out);
	return buf_check(&out->text, e, "the list of ignored files");
}

void git_keep_paths_free(struct git_keep_paths *p)
{
	buf_free(&p->text);
	mem_free(p->list);
}
