/* Workers that each take the next number until there is none. */
#include "s3/s3_fan.h"

#include <stdatomic.h>

#include "base/mem.h"
#include "os/pool.h"
#include "s3/s3_client.h"

struct fan {
	int (*step)(void *ctx, uint64_t n, struct err *e);
	void *ctx;
	uint64_t end;
	_Atomic uint64_t next;
	_Atomic bool failed;
};

struct worker {
	struct pool_job job;
	struct fan *fan;
};

static int work(struct fan *fan, struct err *e)
{
	while (!atomic_load(&fan->failed)) {
		uint64_t n = atomic_fetch_add(&fan->next, 1);
		if (n >= fan->end)
			return 0;
		if (fan->step(fan->ctx, n, e)) {
			atomic_store(&fan->failed, true);
			return -1;
		}
	}
	return 0;
}

static int run_worker(struct pool_job *job, struct err *e)
{
	return work(((struct worker *)job)->fan, e);
}

static int run_all(struct worker *workers, unsigned count, struct fan *fan, struct err *e)
{
	POOL_AUTO pool = NULL;
	int result = 0;
	if (pool_open(count, 0, count, &pool, e))
		return -1;
	for (unsigned i = 0; i < count; i++) {
		workers[i] = (struct worker){ .job = { .run = run_worker }, .fan = fan };
		pool_submit(pool, &workers[i].job);
	}
	for (unsigned i = 0; i < count; i++) {
		struct err failure = ERR_INIT;
		if (pool_wait(pool, &workers[i].job, &failure)) {
			if (!err_is(e))
				*e = failure;
			result = -1;
		}
	}
	return result;
}

int s3_fan_run(struct s3 *s3, uint64_t first, uint64_t end,
               int (*step)(void *ctx, uint64_t n, struct err *e), void *ctx, struct err *e)
{
	struct fan fan = { .step = step, .ctx = ctx, .end = end, .next = first };
	uint64_t steps = end > first ? end - first : 0;
	unsigned count = steps < s3->jobs ? (unsigned)steps : s3->jobs;
	if (count <= 1)
		return work(&fan, e);
	MEM_AUTO struct worker *workers = mem_new(count, sizeof(*workers));
	return run_all(workers, count, &fan, e);
}
