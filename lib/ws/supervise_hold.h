/* A command that is held where it is: paused by somebody, or while it is saved. For supervise*.c. */
#ifndef WS_WS_SUPERVISE_HOLD_H
#define WS_WS_SUPERVISE_HOLD_H

#include "base/defs.h"
#include "os/cgroup.h"

struct supervise_hold {
	int32_t child;
	const struct cgroup *cgroup;
	bool paused, saving; /* why it is held */
	bool is_held;
	bool by_cgroup;
};

/* Hold it for these reasons, or let it go when there is none: all of its control group, where it is in one, and else its process
 * group, of which those who run on another core stand a moment later. What can't be held, or not soon, is a warning. */
void supervise_hold_set(struct supervise_hold *h, bool paused, bool saving);

#endif
