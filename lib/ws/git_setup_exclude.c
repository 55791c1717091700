/* Paths that git shall not see. */
#include <string.h>

#include "base/mem.h"
#include "os/dir.h"
#include "ws/git_setup.h"

enum { EXCLUDE_MAX = 1 << 20 };

/* From the root of the tree on, and without a slash at the end: "node_modules/" would not match a link. */
static void add_pattern(struct buf *out, struct str path)
{
	buf_add_char(out, '/');
	while (str_ends(path, S("/")))
		path.len--;
	for (size_t i = 0; i < path.len; i++) {
		bool is_last_space = path.p[i] == ' ' && i + 1 == path.len;
		if (memchr("*?[\\", path.p[i], 4) || is_last_space)
			buf_add_char(out, '\\');
		buf_add_char(out, path.p[i]);
	}
	buf_add_char(out, '\n');
}

static int read_exclude(int info, struct buf *text, struct err *e)
{
	struct err why = ERR_INIT;
	if (dir_read_file(info, "exclude", text, &why) != 0 && why.kind != ERR_KIND_NOT_FOUND) {
		*e = why;
		return -1;
	}
	if (text->len > 0 && text->p[text->len - 1] != '\n')
		buf_add_char(text, '\n');
	return 0;
}

int git_setup_exclude(const struct git *g, int git_dir_fd, const char *const *paths, size_t count,
                      struct err *e)
{
	FD_AUTO info = -1;
	BUF_AUTO text = buf_make(EXCLUDE_MAX);
	if (dir_make(git_dir_fd, "info", 0755, &info, e) != 0 || read_exclude(info, &text, e) != 0)
		return -1;
	size_t before = text.len;
	for (size_t i = 0; i < count; i++) {
		MEM_AUTO char *path = mem_text(paths[i]);
		while (str_ends(str_of(path), S("/")))
			path[strlen(path) - 1] = '\0';
		int status = git_ask(
			g, GIT_ARGS("check-ignore", "--quiet", "--no-index", "--", path), NULL, e);
		if (status < 0)
			return -1;
		if (status == 1)
			add_pattern(&text, str_of(path));
	}
	if (text.len == before)
		return 0;
	if (buf_check(&text, e, "info/exclude") != 0)
		return -1;
	return dir_replace_file(info, "exclude", text.p, text.len, 0644, e);
}
