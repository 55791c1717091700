/* Whether the clock was set between two runs: idle ages would all be wrong by as much. */
#ifndef WS_GC_GC_CLOCK_H
#define WS_GC_GC_CLOCK_H

#include "base/defs.h"
#include "ws/base_dir.h"

enum { GC_CLOCK_TEXT_MAX = 96 };

/* Compare with what gc_clock_note wrote: since then the clock and the time since the machine started have to have gone
 * on alike, by five minutes; after a restart the clock may not have gone back. `text` says what is wrong. Without a
 * note: false. */
bool gc_clock_jumped(const struct base_dir *b, char text[GC_CLOCK_TEXT_MAX]);
/* Best effort: on a full disk there is none. */
void gc_clock_note(const struct base_dir *b);

#endif
