/*
 * Worker threads with a bounded queue; used for compression and for transfers. Jobs are the
 * caller's memory, embedded as first member of its own struct. No thread outlives pool_close.
 */
#ifndef WS_OS_POOL_H
#define WS_OS_POOL_H

#include "base/defs.h"
#include "base/err.h"

struct pool;

struct pool_job {
	int (*run)(struct pool_job *job, struct err *e); /* in a worker; its own struct err */
	/* The pool's, not the caller's: */
	struct pool_job *next;
	struct pool *pool;
	bool done;
	int result;
	struct err err;
};

/* `workers` threads (at least 1) with `stack_bytes` stack each (0: 256 KiB); at most `queue_max`
 * jobs wait. Where the system gives fewer threads (but one), those do the work. Signals stay
 * with the other threads. */
int pool_open(unsigned workers, size_t stack_bytes, size_t queue_max, struct pool **out,
              struct err *e) MUST_CHECK;
/* Queue a job; blocks while the queue is full. A job may be submitted again after it was waited
 * for. */
void pool_submit(struct pool *p, struct pool_job *job);
/* Block until this job has run; its result, and its error copied to *e. */
int pool_wait(struct pool *p, struct pool_job *job, struct err *e) MUST_CHECK;
/* Whether it has run, without blocking. */
bool pool_done(struct pool *p, struct pool_job *job);
/* Block until one of the queued or running jobs ends that nobody waited for yet; NULL when there
 * is none. The job counts as waited for; its result is in job->result and job->err. */
struct pool_job *pool_wait_any(struct pool *p);
/* Jobs not yet started are dropped (done, result -1) from now on. */
void pool_cancel(struct pool *p);
/* Wait for all running jobs, drop those not yet started, end the threads, free. NULL is fine. */
void pool_close(struct pool *p);
void pool_close_auto(struct pool **p);

/* Another pool on the same threads: with its own jobs, its own queue and its own end. The threads end with the last
 * of them. */
struct pool *pool_beside(struct pool *p, size_t queue_max);
/* Run step(ctx, n) for n in [first, end): in the calling thread, and in up to `helpers` of the pool's threads as they
 * find time, in turn with jobs that wait. So a job may use the pool that it runs in, and never waits for threads that
 * wait for threads. Steps start in order; after a failure no more start, and the call returns -1 with that failure
 * when the running ones have ended. */
int pool_each(struct pool *p, unsigned helpers, uint64_t first, uint64_t end,
              int (*step)(void *ctx, uint64_t n, struct err *e), void *ctx,
              struct err *e) MUST_CHECK;
#define POOL_AUTO AUTO(pool_close_auto) struct pool *

#endif
