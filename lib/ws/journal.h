/* <base>/.ws/audit.jsonl: one line for every change of state, appended in one write. Beyond JOURNAL_BYTES_MAX it becomes
 * audit.jsonl.1, in the place of the one before: the newest lines are always in the two. For people; nothing depends on it. */
#ifndef WS_WS_JOURNAL_H
#define WS_WS_JOURNAL_H

#include "base/defs.h"
#include "base/err.h"
#include "data/js.h"
#include "ws/base_dir.h"

enum { JOURNAL_BYTES_MAX = 8 << 20 };

/* {"time":…,"applet":…,"pid":…,"event":event,"id":id,…fields}. Takes ownership of `fields` (an object of
 * strings and integers, or NULL).
 * A journal that can't be written is a warning, not a failure: on a full disk work must go on. */
void journal_add(const struct base_dir *b, const char *event, const char *id, struct js *fields);

#endif
