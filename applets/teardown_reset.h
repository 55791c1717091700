/* ws-teardown --reset: the plan, and with --force its execution. */
#ifndef WS_APPLETS_TEARDOWN_RESET_H
#define WS_APPLETS_TEARDOWN_RESET_H

#include "applets/applet.h"
#include "ws/base_dir.h"

struct teardown_reset {
	int tier; /* enum reset_tier, or TEARDOWN_RESET_NONE */
	bool force, purge;
};
enum { TEARDOWN_RESET_NONE = -1, TEARDOWN_RESET_COUNT = 3 };
extern const struct opt_row teardown_reset_rows[TEARDOWN_RESET_COUNT];
#define TEARDOWN_RESET_GROUP(offset)                                                          \
	{                                                                                     \
		"Giving up data (volumes)", teardown_reset_rows, TEARDOWN_RESET_COUNT, offset \
	}

/* `wait_ms` for the workspace's lock. */
int teardown_reset_run(const struct applet_call *call, const struct teardown_reset *o, bool dry_run,
                       const struct base_dir *b, int64_t wait_ms, struct err *e) MUST_CHECK;

#endif
