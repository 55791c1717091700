/* Worker threads, and pools that share them: jobs that wait, steps that want help, jobs that ended. */
#include "os/pool.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>

#include "base/mem.h"

enum { POOL_STACK_BYTES = 256 * 1024 };

struct job_list {
	struct pool_job *first, *last;
};

/* One pool_each. */
struct each {
	struct each *next_each;
	int (*step)(void *ctx, uint64_t n, struct err *e);
	void *ctx;
	uint64_t next, end;
	unsigned helpers, helpers_max;
	bool failed;
	struct err err;
};

/* The threads, and what they look at for work. */
struct crew {
	pthread_mutex_t lock;
	pthread_cond_t work;  /* for workers: there is something to do, or the end has come */
	pthread_cond_t room;  /* for pool_submit: a queue has room */
	pthread_cond_t ended; /* for waiters: a job or a step ended */
	struct job_list queue;
	struct each *eaches; /* oldest first */
	bool helped_last, closing;
	unsigned pools;
	unsigned threads_count;
	pthread_t threads[];
};

struct pool {
	struct crew *crew;
	struct job_list done; /* ended, and nobody waited for them yet */
	size_t queued, queue_max;
	unsigned running;
	bool cancelled;
};

static void append(struct job_list *list, struct pool_job *job)
{
	job->next = NULL;
	if (list->last)
		list->last->next = job;
	else
		list->first = job;
	list->last = job;
}

static struct pool_job *take_first(struct job_list *list)
{
	struct pool_job *job = list->first;
	if (!job)
		return NULL;
	list->first = job->next;
	if (!list->first)
		list->last = NULL;
	job->next = NULL;
	return job;
}

/* Take `job` out, wherever it is in the list; it need not be in it. */
static void take_out(struct job_list *list, const struct pool_job *job)
{
	struct pool_job *before = NULL;
	struct pool_job *at = list->first;
	while (at && at != job) {
		before = at;
		at = at->next;
	}
	if (!at)
		return;
	if (before)
		before->next = at->next;
	else
		list->first = at->next;
	if (list->last == at)
		list->last = before;
	at->next = NULL;
}

/* The lock is held. */
static void end_job(struct pool_job *job, int result)
{
	job->result = result;
	job->done = true;
	append(&job->pool->done, job);
	pthread_cond_broadcast(&job->pool->crew->ended);
}

static void drop_job(struct pool_job *job)
{
	err_set(&job->err, ERR_KIND_FAILED, "cancelled");
	end_job(job, -1);
}

/* Take this pool's jobs out of the queue that it shares. */
static void drop_queue(struct pool *p)
{
	struct job_list all = p->crew->queue;
	struct pool_job *job;
	p->crew->queue = (struct job_list){ NULL, NULL };
	while ((job = take_first(&all)) != NULL) {
		if (job->pool == p)
			drop_job(job);
		else
			append(&p->crew->queue, job);
	}
	p->queued = 0;
	pthread_cond_broadcast(&p->crew->room);
}

/* Run the next step of `each`; the lock is held, but not meanwhile. False: none is left. */
static bool run_step(struct crew *c, struct each *each)
{
	struct err why = ERR_INIT;
	if (each->failed || each->next >= each->end)
		return false;
	uint64_t n = each->next++;
	pthread_mutex_unlock(&c->lock);
	int result = each->step(each->ctx, n, &why);
	pthread_mutex_lock(&c->lock);
	if (result && !each->failed) {
		each->failed = true;
		each->err = why;
	}
	return true;
}

static bool help(struct crew *c)
{
	for (struct each *each = c->eaches; each; each = each->next_each) {
		if (each->helpers == each->helpers_max)
			continue;
		each->helpers++;
		bool ran = run_step(c, each);
		/* When this was the last helper its owner may leave, and take `each` along. */
		if (--each->helpers == 0)
			pthread_cond_broadcast(&c->ended);
		if (ran)
			return true;
	}
	return false;
}

static bool run_queued(struct crew *c)
{
	struct pool_job *job = take_first(&c->queue);
	if (!job)
		return false;
	struct pool *p = job->pool;
	p->queued--;
	p->running++;
	pthread_cond_broadcast(&c->room);
	pthread_mutex_unlock(&c->lock);
	int result = job->run(job, &job->err);
	pthread_mutex_lock(&c->lock);
	p->running--;
	end_job(job, result);
	return true;
}

/* In turn, so that neither many small jobs nor the steps of a large one keep the others out. */
static bool find_work(struct crew *c)
{
	c->helped_last = !c->helped_last;
	return c->helped_last ? help(c) || run_queued(c) : run_queued(c) || help(c);
}

static void *run_worker(void *arg)
{
	struct crew *c = arg;
	pthread_mutex_lock(&c->lock);
	while (!c->closing)
		if (!find_work(c))
			pthread_cond_wait(&c->work, &c->lock);
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

static int start_threads(struct crew *c, unsigned workers, const pthread_attr_t *attr)
{
	/* Signals are for the thread that made the pool. */
	sigset_t all, kept;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &kept);
	int rc = 0;
	while (rc == 0 && c->threads_count < workers) {
		rc = pthread_create(&c->threads[c->threads_count], attr, run_worker, c);
		if (rc == 0)
			c->threads_count++;
	}
	pthread_sigmask(SIG_SETMASK, &kept, NULL);
	return rc;
}

static struct crew *crew_new(unsigned workers)
{
	struct crew *c = mem_new(1, sizeof(*c) + workers * sizeof(c->threads[0]));
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->work, NULL);
	pthread_cond_init(&c->room, NULL);
	pthread_cond_init(&c->ended, NULL);
	return c;
}

static void crew_free(struct crew *c)
{
	for (unsigned i = 0; i < c->threads_count; i++)
		pthread_join(c->threads[i], NULL);
	pthread_cond_destroy(&c->ended);
	pthread_cond_destroy(&c->room);
	pthread_cond_destroy(&c->work);
	pthread_mutex_destroy(&c->lock);
	mem_free(c);
}

static struct pool *pool_of(struct crew *c, size_t queue_max)
{
	struct pool *p = mem_new(1, sizeof(*p));
	p->crew = c;
	p->queue_max = queue_max > 0 ? queue_max : 1;
	pthread_mutex_lock(&c->lock);
	c->pools++;
	pthread_mutex_unlock(&c->lock);
	return p;
}

int pool_open(unsigned workers, size_t stack_bytes, size_t queue_max, struct pool **out,
              struct err *e)
{
	*out = NULL;
	if (workers == 0)
		workers = 1;
	if (stack_bytes == 0)
		stack_bytes = POOL_STACK_BYTES;
	struct crew *c = crew_new(workers);
	pthread_attr_t attr;
	pthread_attr_init(&attr);
	int rc = pthread_attr_setstacksize(&attr, stack_bytes);
	if (rc == 0)
		rc = start_threads(c, workers, &attr);
	pthread_attr_destroy(&attr);
	/* A limit on processes leaves fewer workers; one does all the work, more slowly. */
	if (c->threads_count == 0) {
		crew_free(c);
		errno = rc;
		return err_sys(e, "start worker threads");
	}
	*out = pool_of(c, queue_max);
	return 0;
}

struct pool *pool_beside(struct pool *p, size_t queue_max)
{
	return pool_of(p->crew, queue_max);
}

void pool_submit(struct pool *p, struct pool_job *job)
{
	struct crew *c = p->crew;
	pthread_mutex_lock(&c->lock);
	job->pool = p;
	job->done = false;
	job->result = 0;
	err_clear(&job->err);
	while (p->queued >= p->queue_max && !p->cancelled)
		pthread_cond_wait(&c->room, &c->lock);
	if (p->cancelled) {
		drop_job(job);
	} else {
		append(&c->queue, job);
		p->queued++;
		pthread_cond_signal(&c->work);
	}
	pthread_mutex_unlock(&c->lock);
}

int pool_wait(struct pool *p, struct pool_job *job, struct err *e)
{
	pthread_mutex_lock(&p->crew->lock);
	while (!job->done)
		pthread_cond_wait(&p->crew->ended, &p->crew->lock);
	take_out(&p->done, job);
	pthread_mutex_unlock(&p->crew->lock);
	if (job->result != 0 && !err_is(e))
		*e = job->err;
	return job->result;
}

bool pool_done(struct pool *p, struct pool_job *job)
{
	pthread_mutex_lock(&p->crew->lock);
	bool done = job->done;
	pthread_mutex_unlock(&p->crew->lock);
	return done;
}

struct pool_job *pool_wait_any(struct pool *p)
{
	pthread_mutex_lock(&p->crew->lock);
	while (!p->done.first && p->queued + p->running > 0)
		pthread_cond_wait(&p->crew->ended, &p->crew->lock);
	struct pool_job *job = take_first(&p->done);
	pthread_mutex_unlock(&p->crew->lock);
	return job;
}

int pool_each(struct pool *p, unsigned helpers, uint64_t first, uint64_t end,
              int (*step)(void *ctx, uint64_t n, struct err *e), void *ctx, struct err *e)
{
	struct crew *c = p->crew;
	struct each each = {
		.step = step, .ctx = ctx, .next = first, .end = end, .helpers_max = helpers
	};
	struct each **link = &c->eaches;
	pthread_mutex_lock(&c->lock);
	while (*link)
		link = &(*link)->next_each;
	*link = &each;
	pthread_cond_broadcast(&c->work);
	while (run_step(c, &each))
		continue;
	link = &c->eaches;
	while (*link != &each)
		link = &(*link)->next_each;
	*link = each.next_each;
	while (each.helpers > 0)
		pthread_cond_wait(&c->ended, &c->lock);
	pthread_mutex_unlock(&c->lock);
	if (!each.failed)
		return 0;
	*e = each.err;
	return -1;
}

void pool_cancel(struct pool *p)
{
	pthread_mutex_lock(&p->crew->lock);
	p->cancelled = true;
	drop_queue(p);
	pthread_mutex_unlock(&p->crew->lock);
}

void pool_close(struct pool *p)
{
	if (!p)
		return;
	struct crew *c = p->crew;
	pthread_mutex_lock(&c->lock);
	p->cancelled = true;
	drop_queue(p);
	while (p->running > 0)
		pthread_cond_wait(&c->ended, &c->lock);
	bool last = --c->pools == 0;
	c->closing = last;
	if (last)
		pthread_cond_broadcast(&c->work);
	pthread_mutex_unlock(&c->lock);
	mem_free(p);
	if (last)
		crew_free(c);
}

void pool_close_auto(struct pool **p)
{
	pool_close(*p);
	*p = NULL;
}
