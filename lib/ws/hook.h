/* Commands of the project that make a new workspace usable: installs, copies of configuration. */
#ifndef WS_WS_HOOK_H
#define WS_WS_HOOK_H

#include "ws/setup.h"

/* Of hooks.log; beyond that it becomes hooks.log.1, in the place of the one before: the newest lines are in the two. */
enum { HOOK_LOG_BYTES_MAX = 1 << 20 };

struct hook_options {
	const char *const *commands; /* each for `sh -c`, in this order */
	size_t count;
	int64_t timeout_ms; /* of each; <= 0: no limit */
	bool must_succeed;  /* else a failure is told and the next one runs */
	bool set_user;
	uint32_t uid, gid;
};

/* Run them in the workspace, when it is new or they did not all run the last time, with the environment of its command;
 * what they say goes to .ws/<id>/hooks.log. Each runs in a process group of its own. FAILED when one has to succeed and
 * does not; the workspace stays in any case, and the next setup runs them again. */
int hook_run(struct setup *s, const struct hook_options *o, struct err *e) MUST_CHECK;

#endif
