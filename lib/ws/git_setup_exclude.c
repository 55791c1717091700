/* Paths that git shall not see. */
#include <string.h>

#include "base/mem.h"
#include "os/dir.h"
#include "ws/git_setup.h"

enum { EXCLUDE_MAX = 1 << 20 };

/* From the root of the tree on. */
static void add_pattern(struct buf *out, struct str path)
{
	buf_add_char(out, '/');
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

/* Those that git does not ignore; what it ignores it says in the order of the question. */
static int add_missing(const struct git *g, struct str paths, struct buf *text, struct err *e)
{
	BUF_AUTO ignored = buf_make(GIT_OUTPUT_MAX);
	struct git asked = *g;
	struct str path, rest, next = S("");
	asked.input = paths;
	if (git_ask(&asked, GIT_ARGS("check-ignore", "-z", "--stdin", "--no-index"), &ignored, e) <
	    0)
		return -1;
	rest = buf_str(&ignored);
	str_cut(rest, '\0', &next, &rest);
	while (str_cut(paths, '\0', &path, &paths)) {
		if (next.len > 0 && str_eq(path, next))
			str_cut(rest, '\0', &next, &rest);
		else
			add_pattern(text, path);
	}
	return 0;
}

int git_setup_exclude(const struct git *g, int git_dir_fd, struct str paths, struct err *e)
{
	FD_AUTO info = -1;
	BUF_AUTO text = buf_make(EXCLUDE_MAX);
	if (dir_make(git_dir_fd, "info", 0755, &info, e) != 0 || read_exclude(info, &text, e) != 0)
		return -1;
	size_t before = text.len;
	if (add_missing(g, paths, &text, e) != 0)
		return -1;
	if (text.len == before)
		return 0;
	if (buf_check(&text, e, "info/exclude") != 0)
		return -1;
	return dir_replace_file(info, "exclude", text.p, text.len, 0644, e);
}
