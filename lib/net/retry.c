/* Full jitter, deadlines and the shared budget. */
#include "net/retry.h"

#include <errno.h>

#include "os/sys.h"

enum { COST = 5, COST_TIMEOUT = 10, JITTER_AFTER_MAX_MS = 1000 };

void retry_budget_init(struct retry_budget *b)
{
	atomic_init(&b->tokens, RETRY_BUDGET);
}

void retry_budget_success(struct retry_budget *b)
{
	int have = atomic_load_explicit(&b->tokens, memory_order_relaxed);

	while (have < RETRY_BUDGET)
		if (atomic_compare_exchange_weak(&b->tokens, &have, have + 1))
			return;
}

static bool spend(struct retry_budget *b, int cost)
{
	int have = atomic_load(&b->tokens);

	while (have >= cost)
		if (atomic_compare_exchange_weak(&b->tokens, &have, have - cost))
			return true;
	return false;
}

static int64_t scale(int64_t window_ms, uint32_t random)
{
	return (int64_t)((uint64_t)window_ms * random >> 32);
}

int64_t retry_delay_ms(unsigned attempt, bool throttled, int64_t retry_after_ms, uint32_t random)
{
	int64_t window = throttled ? RETRY_THROTTLE_BASE_MS : RETRY_BASE_MS;

	for (unsigned i = 0; i < attempt && window < RETRY_CAP_MS; i++)
		window *= 2;
	if (window > RETRY_CAP_MS)
		window = RETRY_CAP_MS;
	if (retry_after_ms < 0)
		return scale(window, random);
	/* Not all of those that were told the same time come back in the same millisecond. */
	if (window > JITTER_AFTER_MAX_MS)
		window = JITTER_AFTER_MAX_MS;
	if (retry_after_ms > RETRY_AFTER_MAX_MS)
		retry_after_ms = RETRY_AFTER_MAX_MS;
	return retry_after_ms + scale(window, random);
}

bool retry_again(struct retry *r, const struct err *e, bool throttled, int64_t retry_after_ms)
{
	unsigned attempt = r->attempt++;
	uint32_t random;
	int64_t delay;

	if (!e->retryable || r->attempt >= r->max_attempts)
		return false;
	sys_random(&random, sizeof random);
	delay = retry_delay_ms(attempt, throttled, retry_after_ms, random);
	if (r->deadline_ms != 0 && sys_monotonic_ms() + delay >= r->deadline_ms)
		return false;
	if (r->budget != NULL && !spend(r->budget, e->sys_errno == ETIMEDOUT ? COST_TIMEOUT : COST))
		return false;
	stop_sleep(r->stop, delay);
	return true;
}
