/* Draws a struct progress on stderr while work runs: a thread that wakes five times a second. */
#ifndef WS_OS_METER_H
#define WS_OS_METER_H

#include "base/defs.h"
#include "base/progress.h"

enum meter_mode { METER_AUTO, METER_ALWAYS, METER_NEVER };

struct meter; /* NULL when nothing is drawn */

/* Start drawing `p` (AUTO: only when stderr is a terminal; ALWAYS: also on a file, one line a
 * second). Returns NULL when nothing is to be drawn. */
struct meter *meter_start(struct progress *p, enum meter_mode mode);
/* Stop and remove the line; NULL is fine. */
void meter_stop(struct meter *m);

#endif
