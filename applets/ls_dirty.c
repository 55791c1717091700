/* Dirty: by git where there is one, else by time. */
#include "applets/ls_dirty.h"

#include "os/dir.h"
#include "ws/git_state.h"

static int ask_git(const struct gc_look *l, const struct base_dir *b)
{
	FD_AUTO fd = -1;
	struct git_state state;
	struct err ignored = ERR_INIT;
	const char *git_dir = l->record.git_dir[0] ? l->record.git_dir : NULL;
	if (dir_open(b->fd, l->record.id, &fd, &ignored) != 0 ||
	    git_state_look(fd, git_dir, &state, &ignored) != 0 || !state.is_git)
		return -1;
	return git_state_would_lose(&state);
}

int ls_dirty(const struct gc_look *l, const struct base_dir *b)
{
	const struct record *r = &l->record;
	if (!l->is_directory)
		return 0;
	if (!l->record_ok)
		return -1;
	if (r->git_repo[0])
		return ask_git(l, b);
	int64_t clean_ms = r->saved_ms > r->ready_ms ? r->saved_ms : r->ready_ms;
	if (!l->tree_known || clean_ms == 0)
		return -1;
	return l->tree.inside_ms > clean_ms;
}

const char *ls_dirty_text(int dirty)
{
	return dirty < 0 ? "?" : dirty ? "yes" : "no";
}

void ls_dirty_json(struct js *line, const struct gc_look *l, const struct base_dir *b)
{
	int dirty = ls_dirty(l, b);
	if (dirty < 0)
		js_set_null(line, "dirty");
	else
		js_set_bool(line, "dirty", dirty);
}
