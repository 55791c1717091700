/* Waiting times, and what stops the trying. */
#include "net/retry.h"

#include <errno.h>

#include "os/sys.h"
#include "tests/unit/tap.h"

static const struct err retryable = { .kind = ERR_KIND_TRY_AGAIN, .retryable = true };

static void delays(void)
{
	static const struct {
		unsigned attempt;
		bool throttled;
		int64_t after_ms;
		uint32_t random;
		int64_t want_ms;
	} cases[] = {
		{ 0, false, -1, 0, 0 },
		{ 0, false, -1, UINT32_MAX, 49 },
		{ 1, false, -1, UINT32_MAX, 99 },
		{ 3, false, -1, 0x80000000, 200 },
		{ 8, false, -1, UINT32_MAX, 12799 },
		{ 9, false, -1, UINT32_MAX, 19999 },
		{ 4000000000, false, -1, UINT32_MAX, 19999 },
		{ 0, true, -1, UINT32_MAX, 999 },
		{ 2, true, -1, 0x80000000, 2000 },
		{ 0, false, 0, 0, 0 },
		{ 0, false, 2000, 0, 2000 },
		{ 0, true, 2000, 0x80000000, 2500 },
		{ 9, false, 2000, UINT32_MAX, 2999 },
		{ 0, false, 999999000, 0, 60000 },
	};
	for (size_t i = 0; i < COUNTOF(cases); i++)
		TAP_INT(retry_delay_ms(cases[i].attempt, cases[i].throttled, cases[i].after_ms,
		                       cases[i].random),
		        cases[i].want_ms, "try %u%s, told %lld ms, random 0x%08x waits %lld ms",
		        cases[i].attempt, cases[i].throttled ? " throttled" : "",
		        (long long)cases[i].after_ms, cases[i].random, (long long)cases[i].want_ms);
}

static void limits(void)
{
	struct err final = { .kind = ERR_KIND_DENIED };
	struct retry r = { .max_attempts = 3 };
	TAP_OK(!retry_again(&r, &final, false, -1), "what a repeat does not help is not repeated");
	r = (struct retry){ .max_attempts = 3 };
	TAP_OK(retry_again(&r, &retryable, false, 0), "the first failure is repeated");
	TAP_OK(retry_again(&r, &retryable, false, 0), "and the second");
	TAP_OK(!retry_again(&r, &retryable, false, 0), "with three attempts the third is the last");
	r = (struct retry){ .max_attempts = 1 };
	TAP_OK(!retry_again(&r, &retryable, false, 0), "with one attempt nothing is repeated");
	r = (struct retry){ .max_attempts = 9, .deadline_ms = sys_monotonic_ms() + 5000 };
	TAP_OK(!retry_again(&r, &retryable, false, 30000), "no waiting beyond the deadline");
	TAP_OK(retry_again(&r, &retryable, false, 0), "before the deadline it is repeated");
}

static void budget(void)
{
	struct retry_budget b;
	struct err timeout = retryable;
	unsigned count = 0;
	timeout.sys_errno = ETIMEDOUT;
	retry_budget_init(&b);
	retry_budget_success(&b);
	TAP_INT(b.tokens, RETRY_BUDGET, "successes do not fill the budget over its size");
	b.tokens = 30;
	for (struct retry r = { .max_attempts = 9, .budget = &b };
	     retry_again(&r, &timeout, false, 0); r.attempt = 0)
		count++;
	TAP_INT(count, 3, "30 tokens pay for three repeats after time-outs");
	for (int i = 0; i < 5; i++)
		retry_budget_success(&b);
	struct retry r = { .max_attempts = 9, .budget = &b };
	TAP_OK(!retry_again(&r, &timeout, false, 0), "five successes do not pay for a time-out");
	TAP_OK(retry_again(&r, &retryable, false, 0), "they pay for another failure");
	TAP_INT(b.tokens, 0, "and then the budget is empty");
}

static void stopped(void)
{
	struct err e = ERR_INIT;
	struct stop *stop;
	if (stop_open(&stop, &e))
		return;
	struct retry r = { .max_attempts = 9, .stop = stop };
	int64_t before = sys_monotonic_ms();
	TAP_OK(retry_again(&r, &retryable, false, 15) && sys_monotonic_ms() - before >= 15,
	       "who was not asked to stop waits as long as it should");
	stop_ask(stop);
	before = sys_monotonic_ms();
	TAP_OK(retry_again(&r, &retryable, false, 60000) && sys_monotonic_ms() - before < 30000,
	       "who was does not wait for the server's minute");
	stop_close(stop);
}

int main(void)
{
	sys_fake_random(0);
	delays();
	limits();
	budget();
	stopped();
	return tap_done();
}
