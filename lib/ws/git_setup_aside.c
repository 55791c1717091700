/* Files that the branch has by now, and that the workspace had as well. */
#include "base/mem.h"
#include "os/dir.h"
#include "os/log.h"
#include "ws/git_setup.h"
#include "ws/git_tree.h"
#include "ws/journal.h"

static int set_aside(const struct setup_work *w, int fd, struct str path, struct err *e)
{
	FD_AUTO parent = -1;
	char name[DIR_NAME_MAX + 1], as[256];
	const struct base_dir *b = &w->out->base;
	const char *id = w->out->record.id;
	MEM_AUTO char *text = mem_str(path);
	if (dir_open_parent(fd, text, &parent, name, e) != 0 ||
	    base_dir_set_aside(b, parent, name, "quarantine", id, as, e) != 0)
		return err_context(e, "move %s out of the way of the branch", text);
	log_warn("%s: the branch has %s by now; what was kept of it is %s/.ws/quarantine/%s", id,
	         text, b->path, as);
	struct js *fields = js_object();
	js_set_path(fields, "path", path);
	js_set_text(fields, "name", as);
	journal_add(b, "quarantine", id, fields);
	return 0;
}

static int set_each_aside(const struct setup_work *w, const struct git *g, const char *const *args,
                          struct err *e)
{
	BUF_AUTO text = buf_make(GIT_OUTPUT_MAX);
	struct str path, rest;
	if (git_run(g, args, &text, e) != 0)
		return -1;
	rest = buf_str(&text);
	while (str_cut(rest, '\0', &path, &rest)) {
		if (set_aside(w, g->cwd_fd, path, e) != 0)
			return -1;
	}
	return 0;
}

int git_setup_set_aside(const struct setup_work *w, int fd, struct err *e)
{
	const struct git g = git_tree_git(&w->out->record, fd);
	if (w->out->restored_entries == 0)
		return 0;
	if (git_run(&g, GIT_ARGS("read-tree", "HEAD"), NULL, e) != 0 ||
	    git_ask(&g, GIT_ARGS("update-index", "-q", "--refresh"), NULL, e) < 0 ||
	    set_each_aside(w, &g, GIT_ARGS("ls-files", "-z", "--killed"), e) != 0)
		return -1;
	return set_each_aside(w, &g,
	                      GIT_ARGS("diff-files", "-z", "--name-only", "--diff-filter=MT"), e);
}
