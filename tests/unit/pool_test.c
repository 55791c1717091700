/* Worker threads: order, limits, errors, the end. */
#include "os/pool.h"

#include <stdatomic.h>
#include <string.h>

#include "os/mutex.h"
#include "os/sys.h"
#include "tap.h"

struct job {
	struct pool_job pool; /* first */
	int number;
	_Atomic int *sum;
	_Atomic bool *gate; /* wait until it opens, when there is one */
	_Atomic bool begun;
};

static int run(struct pool_job *base, struct err *e)
{
	struct job *job = (struct job *)base;
	job->begun = true;
	while (job->gate && !*job->gate)
		sys_sleep_ms(1);
	*job->sum += job->number;
	if (job->number == 13)
		return err_set(e, ERR_KIND_DATA, "number %d is unlucky", job->number);
	return 0;
}

static void test_results(void)
{
	struct err e = ERR_INIT;
	_Atomic int sum = 0;
	struct job jobs[100];
	POOL_AUTO pool = NULL;
	TAP_OK(pool_open(4, 0, 3, &pool, &e) == 0, "a pool opens");
	for (int i = 0; i < 100; i++) {
		jobs[i] = (struct job){ .pool.run = run, .number = i, .sum = &sum };
		pool_submit(pool, &jobs[i].pool);
	}
	int failed = 0;
	for (int i = 99; i >= 0; i--)
		failed += pool_wait(pool, &jobs[i].pool, &e) != 0;
	TAP_INT(sum, 99 * 50, "all jobs run, though the queue is short");
	TAP_INT(failed, 1, "one fails");
	TAP_TEXT(e.msg, "number 13 is unlucky", "and says why");
	TAP_OK(pool_done(pool, &jobs[0].pool), "what was waited for is done");
	TAP_OK(!pool_wait_any(pool), "and nothing is left to wait for");
	err_clear(&e);
	pool_submit(pool, &jobs[5].pool);
	TAP_OK(pool_wait(pool, &jobs[5].pool, &e) == 0 && sum == 99 * 50 + 5, "a job runs again");
}

static void test_wait_any(void)
{
	struct err e = ERR_INIT;
	_Atomic int sum = 0;
	_Atomic bool gate = false;
	struct job slow = { .pool.run = run, .number = 1, .sum = &sum, .gate = &gate };
	struct job quick = { .pool.run = run, .number = 13, .sum = &sum };
	POOL_AUTO pool = NULL;
	TAP_OK(pool_open(2, 64 * 1024, 8, &pool, &e) == 0, "a pool with small stacks opens");
	TAP_OK(!pool_wait_any(pool), "an idle pool has nothing to wait for");
	pool_submit(pool, &slow.pool);
	pool_submit(pool, &quick.pool);
	struct pool_job *first = pool_wait_any(pool);
	TAP_OK(first == &quick.pool, "the job that ends first is returned first");
	TAP_OK(first->result == -1 && first->err.kind == ERR_KIND_DATA,
	       "with its error in the job");
	TAP_OK(!pool_done(pool, &slow.pool), "while the other one runs");
	gate = true;
	TAP_OK(pool_wait_any(pool) == &slow.pool, "then the other");
	TAP_OK(!pool_wait_any(pool), "then none");
}

static void test_cancel(void)
{
	struct err e = ERR_INIT;
	_Atomic int sum = 0;
	_Atomic bool gate = false;
	struct job running = { .pool.run = run, .number = 1, .sum = &sum, .gate = &gate };
	struct job waiting = { .pool.run = run, .number = 2, .sum = &sum };
	struct job late = { .pool.run = run, .number = 4, .sum = &sum };
	POOL_AUTO pool = NULL;
	TAP_OK(pool_open(1, 0, 8, &pool, &e) == 0, "a pool of one opens");
	pool_submit(pool, &running.pool);
	pool_submit(pool, &waiting.pool);
	while (!running.begun)
		sys_sleep_ms(1);
	pool_cancel(pool);
	pool_submit(pool, &late.pool);
	TAP_OK(pool_wait(pool, &waiting.pool, &e) == -1 && err_is(&e), "what waits is dropped: %s",
	       e.msg);
	err_clear(&e);
	TAP_OK(pool_wait(pool, &late.pool, &e) == -1, "and what comes later");
	gate = true;
	err_clear(&e);
	TAP_OK(pool_wait(pool, &running.pool, &e) == 0 && sum == 1, "what runs is not");
}

static void test_close(void)
{
	struct err e = ERR_INIT;
	_Atomic int sum = 0;
	struct job jobs[20];
	struct pool *pool = NULL;
	TAP_OK(pool_open(3, 0, 20, &pool, &e) == 0, "a pool opens");
	for (int i = 0; i < 20; i++) {
		jobs[i] = (struct job){ .pool.run = run, .number = 1, .sum = &sum };
		pool_submit(pool, &jobs[i].pool);
	}
	pool_close(pool);
	int done = 0;
	int ran = 0;
	for (int i = 0; i < 20; i++) {
		done += jobs[i].pool.done;
		ran += jobs[i].pool.result == 0;
	}
	TAP_INT(done, 20, "closing leaves no job behind");
	TAP_INT(ran, sum, "those that were dropped say so");
	pool_close(NULL);
	TAP_OK(pool_open(1, 1, 1, &pool, &e) != 0 && !pool, "a stack of one byte is refused: %s",
	       e.msg);
}

struct counter {
	struct pool_job pool;
	struct mutex *lock;
	int *count;
};

static int count_up(struct pool_job *base, UNUSED struct err *e)
{
	struct counter *c = (struct counter *)base;
	for (int i = 0; i < 1000; i++) {
		mutex_lock(c->lock);
		(*c->count)++;
		mutex_unlock(c->lock);
	}
	return 0;
}

static void test_mutex(void)
{
	struct err e = ERR_INIT;
	struct mutex lock;
	int count = 0;
	struct counter jobs[4];
	struct pool *pool = NULL;
	mutex_init(&lock);
	TAP_OK(pool_open(4, 0, 4, &pool, &e) == 0, "four threads start");
	for (size_t i = 0; i < COUNTOF(jobs); i++) {
		jobs[i] = (struct counter){ { .run = count_up }, &lock, &count };
		pool_submit(pool, &jobs[i].pool);
	}
	for (size_t i = 0; i < COUNTOF(jobs); i++)
		TAP_OK(pool_wait(pool, &jobs[i].pool, &e) == 0, "one counts");
	pool_close(pool);
	mutex_free(&lock);
	TAP_INT(count, 4000, "a mutex keeps them apart");
}

/* A job of many steps, which runs in the pool that its steps run in. */
struct large {
	struct pool_job pool;
	struct pool *in;
	_Atomic uint64_t seen[100];
	uint64_t fails_at;
	_Atomic uint64_t started;
};

static int step(void *ctx, uint64_t n, struct err *e)
{
	struct large *l = ctx;
	l->started++;
	l->seen[n]++;
	return n == l->fails_at ? err_set(e, ERR_KIND_DATA, "step %d", (int)n) : 0;
}

static int run_large(struct pool_job *base, struct err *e)
{
	struct large *l = (struct large *)base;
	return pool_each(l->in, 7, 10, COUNTOF(l->seen), step, l, e);
}

static bool each_once(const struct large *l)
{
	for (size_t n = 0; n < COUNTOF(l->seen); n++)
		if (l->seen[n] != (n >= 10))
			return false;
	return true;
}

static void test_each(void)
{
	struct err e = ERR_INIT;
	struct large jobs[20];
	int whole = 0;
	POOL_AUTO pool = NULL;
	TAP_OK(pool_open(4, 0, 20, &pool, &e) == 0, "a pool opens");
	for (size_t i = 0; i < COUNTOF(jobs); i++) {
		jobs[i] = (struct large){ .pool.run = run_large, .in = pool, .fails_at = 1000 };
		pool_submit(pool, &jobs[i].pool);
	}
	for (size_t i = 0; i < COUNTOF(jobs); i++)
		whole += pool_wait(pool, &jobs[i].pool, &e) == 0 && each_once(&jobs[i]);
	TAP_INT(whole, 20, "more jobs than threads have their steps run by the same threads");
	struct large outside = { .in = pool, .fails_at = 1000 };
	TAP_OK(run_large(&outside.pool, &e) == 0 && each_once(&outside),
	       "a thread that is none of the pool's runs steps, too");
	struct large failing = { .in = pool, .fails_at = 20 };
	TAP_OK(run_large(&failing.pool, &e) == -1, "a step that fails fails all");
	TAP_TEXT(e.msg, "step 20", "with its own reason");
	TAP_OK(failing.started < 90, "and steps that had not begun do not begin");
}

static void test_beside(void)
{
	struct err e = ERR_INIT;
	_Atomic int sum = 0;
	_Atomic bool gate = false;
	struct job one = { .pool.run = run, .number = 1, .sum = &sum, .gate = &gate };
	struct job two = { .pool.run = run, .number = 2, .sum = &sum };
	struct job four = { .pool.run = run, .number = 4, .sum = &sum };
	struct pool *first = NULL;
	TAP_OK(pool_open(1, 0, 4, &first, &e) == 0, "a pool of one thread opens");
	POOL_AUTO second = pool_beside(first, 4);
	pool_submit(first, &one.pool);
	pool_submit(second, &two.pool);
	pool_submit(first, &four.pool);
	TAP_OK(!pool_done(second, &two.pool), "a pool beside it has no thread of its own");
	while (!one.begun)
		sys_sleep_ms(1);
	pool_cancel(first);
	TAP_OK(pool_wait(first, &four.pool, &e) == -1, "what the one drops is its own");
	gate = true;
	pool_close(first);
	err_clear(&e);
	TAP_OK(pool_wait(second, &two.pool, &e) == 0, "and the threads stay for the other");
	TAP_OK(!pool_wait_any(second), "which sees only its own jobs");
	TAP_INT(sum, 3, "those that were to run did");
}

int main(void)
{
	test_each();
	test_beside();
	test_results();
	test_wait_any();
	test_cancel();
	test_close();
	test_mutex();
	return tap_done();
}
