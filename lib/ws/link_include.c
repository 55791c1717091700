/* Which local files a new workspace gets by a list. */
#include "os/dir.h"
#include "ws/git.h"
#include "ws/link.h"

static const char usual_list[] = ".worktreeinclude";

int link_include(const char *source, const char *list, struct buf *out, struct err *e)
{
	FD_AUTO top = -1;
	BUF_AUTO named = buf_make(GIT_OUTPUT_MAX);
	struct git g = { .timeout_ms = GIT_CHECKOUT_MS };
	if (dir_open_root(source, &top, e) != 0)
		return -1;
	int there = list ? 1 : dir_exists(top, usual_list, e);
	if (there <= 0)
		return there;
	g.cwd_fd = top;
	const char *const *args = GIT_ARGS("ls-files", "-z", "--others", "--ignored",
	                                   "--exclude-from", list ? list : usual_list);
	if (git_run(&g, args, &named, e) != 0) {
		if (e->kind == ERR_KIND_FAILED)
			e->kind = ERR_KIND_NOT_FOUND;
		return err_context(e, "--copy-list");
	}
	if (named.len == 0)
		return 0;
	/* What git does not ignore would be committed. */
	g.input = buf_str(&named);
	return git_ask(&g, GIT_ARGS("check-ignore", "-z", "--stdin"), out, e) < 0
	               ? err_context(e, "--copy-list")
	               : 0;
}
