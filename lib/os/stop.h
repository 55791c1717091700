/* Asking everybody who waits to give up, for good: a flag that poll(2) sees, too. NULL is one that nobody asks. */
#ifndef WS_OS_STOP_H
#define WS_OS_STOP_H

#include "base/defs.h"
#include "base/err.h"

struct stop;

int stop_open(struct stop **out, struct err *e) MUST_CHECK;
void stop_close(struct stop *s);
/* From any thread, any number of times. */
void stop_ask(struct stop *s);
bool stop_asked(const struct stop *s);
/* To poll for reading along with what is waited for: readable once asked. -1 for NULL, which poll(2) leaves out. */
int stop_fd(const struct stop *s);
/* Wait so long, or until asked. */
void stop_sleep(const struct stop *s, int64_t ms);
/* What those who gave up fail with: "interrupted", TRY_AGAIN and not retryable. Returns -1. */
int stop_fail(struct err *e);

#endif
