/* Whether the clock was set between two runs: idle ages would all be wrong by as much. */
#ifndef WS_GC_GC_CLOCK_H
#define WS_GC_GC_CLOCK_H

#include "base/defs.h"
#include "gc/gc_backoff.h"
#include "ws/base_dir.h"

enum { GC_CLOCK_TEXT_MAX = 96 };

/* Compare with what gc_clock_note wrote: since then the clock and the time since the machine started have to have gone
 * on alike, by five minutes; after a restart the clock may not have gone back. `text` says what is wrong. Without a
 * note: false. The note also holds the back-off. */
bool gc_clock_read(const struct base_dir *b, char text[GC_CLOCK_TEXT_MAX],
                   struct gc_backoff *backoff);
/* Best effort: on a full disk there is none. */
void gc_clock_note(const struct base_dir *b, const struct gc_backoff *backoff);

#endif
