/*
 * When to try again: full jitter, rand(0,1) * min(base * 2^n, cap), the server's Retry-After honoured up to
 * 60 s, a deadline over everything, and a budget shared by all requests so that an outage is not a storm.
 */
#ifndef WS_NET_RETRY_H
#define WS_NET_RETRY_H

#include <stdatomic.h>

#include "base/defs.h"
#include "base/err.h"
#include "os/stop.h"

enum {
	RETRY_ATTEMPTS_DEFAULT = 5,
	RETRY_BASE_MS = 50,
	RETRY_THROTTLE_BASE_MS = 1000,
	RETRY_CAP_MS = 20000,
	RETRY_AFTER_MAX_MS = 60000,
	RETRY_BUDGET =
		500, /* tokens; a retry costs 5, after a time-out 10; a success gives back 1 */
};

/* Shared by the requests of a process; thread-safe. */
struct retry_budget {
	_Atomic int tokens;
};
void retry_budget_init(struct retry_budget *b);
void retry_budget_success(struct retry_budget *b);

struct retry {
	unsigned attempt; /* failures so far */
	unsigned max_attempts;
	int64_t deadline_ms; /* monotonic; 0: none */
	struct retry_budget *budget;
	const struct stop *stop; /* once asked, nobody waits any more; NULL: nobody asks */
};

/* After a failure: whether to try again (e->retryable, attempts, budget, deadline), and if so wait.
 * `throttled`: 503 or SlowDown; `retry_after_ms`: the server's wish, or -1. Pure part: retry_delay_ms. */
bool retry_again(struct retry *r, const struct err *e, bool throttled, int64_t retry_after_ms);
int64_t retry_delay_ms(unsigned attempt, bool throttled, int64_t retry_after_ms, uint32_t random);

#endif
