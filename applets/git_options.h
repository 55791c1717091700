/* Options of ws-setup for worktrees and clones, and for hooks. */
#ifndef WS_APPLETS_GIT_OPTIONS_H
#define WS_APPLETS_GIT_OPTIONS_H

#include "applets/applet.h"
#include "ws/hook.h"
#include "ws/setup.h"

struct git_options {
	const char *repo, *branch, *ref, *copy_list;
	struct opt_list links, copies;
	uint64_t copy_max_bytes;
	int64_t fetch_timeout_ms;
	int ignored;
	struct opt_list hooks;
	int64_t hook_timeout_ms;
	int hook_policy;
};

enum { GIT_OPTIONS_COUNT = 12 };
extern const struct opt_row git_options_rows[GIT_OPTIONS_COUNT];

/* A group over the struct git_options at `offset` of the applet's options. */
#define GIT_OPTIONS_GROUP(offset)                                                          \
	{                                                                                  \
		"Worktrees, clones and hooks", git_options_rows, GIT_OPTIONS_COUNT, offset \
	}

void git_options_defaults(struct git_options *o);
void git_options_fill(const struct git_options *o, struct setup_options *out);
/* Run the hooks in the workspace that was set up so. */
int git_options_hooks(const struct git_options *o, const struct setup_options *how, struct setup *s,
                      struct err *e) MUST_CHECK;

#endif
