/* What a command leaves behind outside its process group. For supervise.c. */
#ifndef WS_WS_SUPERVISE_REST_H
#define WS_WS_SUPERVISE_REST_H

#include "base/defs.h"
#include "base/err.h"
#include "os/cgroup.h"

/* End every process that descends from the command: who made a session or group of its own (setsid, a daemon) became our
 * child when its parent ended, as orphans are ours. TERM to each, KILL after at most 1 s, the orphans that this makes
 * included, and to all of the control group in one step; reaps as it goes. `spared` (0: none) is a child of ours that is none of the command's. One that can't be
 * ended, or a /proc that can't be read, is a warning. */
int supervise_rest_end(int32_t spared, const struct cgroup *cgroup, struct err *e) MUST_CHECK;

#endif
