/*
 * Being asked to stop, with time to leave things in order: while it is open, TERM, INT and HUP ask for a stop instead of
 * ending the process (unless they were ignored on purpose); a second one, or the end of the grace, ends it.
 */
#ifndef WS_OS_STOPPER_H
#define WS_OS_STOPPER_H

#include "base/defs.h"
#include "base/err.h"
#include "os/stop.h"

struct stopper;

/* The first signal asks `stop`, which outlives the stopper. The next one ends the process at once, and so does the
 * time `grace_ms` later, with status 128 + the first signal's number. Open before other threads: they inherit
 * which signals are blocked. */
int stopper_open(struct stop *stop, int64_t grace_ms, struct stopper **out,
                 struct err *e) MUST_CHECK;
/* Wait until `fd` is readable: 1; 0 when asked to stop before that. With NULL there is no asking. */
int stopper_wait(const struct stopper *s, int fd, struct err *e) MUST_CHECK;
/* Signals do what they did before. Returns the number of the one that came, 0 when none did. NULL is fine. */
int stopper_close(struct stopper *s);

#endif
