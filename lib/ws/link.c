/* Links into the source. */
#include "ws/link.h"

#include <string.h>

#include "base/mem.h"
#include "os/dir.h"
#include "os/link.h"
#include "os/log.h"

int link_check(const char *option, const char *path, struct err *e)
{
	struct str rest = str_of(path), part;
	bool bad = rest.len == 0 || path[0] == '/' || str_index(rest, '\n') >= 0;
	bool is_first = true;
	while (rest.len > 0 && !bad) {
		str_cut(rest, '/', &part, &rest);
		bad = str_is(part, "..") || str_is(part, ".") ||
		      (is_first && str_eq_nocase(part, S(".git")));
		is_first = false;
	}
	if (!bad)
		return 0;
	return err_set(
		e, ERR_KIND_USAGE,
		"%s \"%s\": a path below the repository is expected, without \"..\" and not .git",
		option, path);
}

struct str link_clean(const char *path)
{
	struct str clean = str_of(path);
	while (str_ends(clean, S("/")))
		clean.len--;
	return clean;
}

int link_note(struct record *record, const char *const *paths, size_t count, struct err *e)
{
	BUF_AUTO text = buf_make(sizeof(record->git_links) - 1);
	for (size_t i = 0; i < count; i++) {
		if (link_check("--link", paths[i], e) != 0)
			return -1;
		buf_add_str(&text, link_clean(paths[i]));
		buf_add_char(&text, '\n');
	}
	if (buf_check(&text, e, "--link: the list") != 0)
		return -1;
	return str_copy(buf_str(&text), record->git_links, sizeof(record->git_links));
}

/* The next recorded path. */
static bool next(struct str *rest, struct str *path)
{
	return str_cut(*rest, '\n', path, rest) && path->len > 0;
}

char **link_list(const struct record *record, size_t *count)
{
	struct str rest = str_of(record->git_links), path;
	char **list = mem_new(1, sizeof(char *));
	for (*count = 0; next(&rest, &path); ++*count) {
		list = mem_grow(list, *count + 2, sizeof(char *));
		list[*count] = mem_str(path);
		list[*count + 1] = NULL;
	}
	return list;
}

static int make_one(int fd, const char *source, const char *path, struct err *e)
{
	FD_AUTO top = -1, made = -1;
	struct file_stat st;
	struct err why = ERR_INIT;
	struct str above, name;
	str_cut_last(str_of(path), '/', &above, &name);
	MEM_AUTO char *directory = mem_str(above);
	MEM_AUTO char *last = mem_str(name);
	MEM_AUTO char *target = mem_printf("%s/%s", source, path);
	if (dir_open_root(source, &top, e) != 0)
		return -1;
	if (dir_stat(top, path, &st, &why) != 0) {
		log_warn("--link %s: not linked: %s", path, why.msg);
		return 0;
	}
	if (dir_make(fd, directory, 0755, &made, e) != 0)
		return -1;
	return link_replace(made, last, target, e);
}

int link_make(const struct record *record, int fd, const char *source, struct err *e)
{
	struct str rest = str_of(record->git_links), path;
	while (next(&rest, &path)) {
		MEM_AUTO char *text = mem_str(path);
		if (make_one(fd, source, text, e) != 0)
			return err_context(e, "--link %s", text);
	}
	return 0;
}

static bool is_link(int fd, const char *path)
{
	struct file_stat st;
	struct err ignored = ERR_INIT;
	return dir_stat(fd, path, &st, &ignored) == 0 && file_is_symlink(&st);
}

int link_remove(const struct record *record, int fd, struct err *e)
{
	struct str rest = str_of(record->git_links), path;
	char name[DIR_NAME_MAX + 1];
	while (next(&rest, &path)) {
		FD_AUTO parent = -1;
		MEM_AUTO char *text = mem_str(path);
		if (is_link(fd, text) && (dir_open_parent(fd, text, &parent, name, e) != 0 ||
		                          dir_unlink(parent, name, e) != 0))
			return err_context(e, "remove the link %s", text);
	}
	return 0;
}

bool link_is_ours(const struct record *record, int fd, struct str path)
{
	struct str rest = str_of(record->git_links), at;
	while (next(&rest, &at)) {
		MEM_AUTO char *text = mem_str(at);
		if (str_eq(at, path))
			return is_link(fd, text);
	}
	return false;
}
