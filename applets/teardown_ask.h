/* ws-teardown --pause, --resume, --cancel, and --keep of what runs: wishes to the supervisor of a workspace. */
#ifndef WS_APPLETS_TEARDOWN_ASK_H
#define WS_APPLETS_TEARDOWN_ASK_H

#include "applets/applet.h"
#include "ws/base_dir.h"
#include "ws/holder.h"

struct teardown_ask {
	bool pause, resume, cancel;
};
enum { TEARDOWN_ASK_COUNT = 3 };
extern const struct opt_row teardown_ask_rows[TEARDOWN_ASK_COUNT];
#define TEARDOWN_ASK_GROUP(offset)                                                      \
	{                                                                               \
		"Of a command that runs", teardown_ask_rows, TEARDOWN_ASK_COUNT, offset \
	}

/* Which one it is: 1 and *wish, 0 none of them, -1 several. */
int teardown_ask_wish(const struct teardown_ask *o, enum holder_wish *wish,
                      struct err *e) MUST_CHECK;
/* Ask the supervisor of one workspace, wait, and report. */
int teardown_ask_run(const struct applet_call *call, const struct holder_ask *how,
                     const struct base_dir *b, const char *id, struct err *e) MUST_CHECK;

#endif
