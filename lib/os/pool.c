/* Worker threads around two lists: jobs that wait for a worker, and jobs that ended. */
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

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t work;  /* for workers: a job waits, or the end has come */
	pthread_cond_t room;  /* for pool_submit: the queue has room */
	pthread_cond_t ended; /* for waiters: a job ended */
	struct job_list queue;
	struct job_list done; /* ended, and nobody waited for them yet */
	size_t queued, queue_max;
	unsigned running;
	bool cancelled, closing;
	unsigned threads_count;
	pthread_t threads[];
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
static void end_job(struct pool *p, struct pool_job *job, int result)
{
	job->result = result;
	job->done = true;
	append(&p->done, job);
	pthread_cond_broadcast(&p->ended);
}

static void drop_job(struct pool *p, struct pool_job *job)
{
	err_set(&job->err, ERR_KIND_FAILED, "cancelled");
	end_job(p, job, -1);
}

static void drop_queue(struct pool *p)
{
	struct pool_job *job;
	while ((job = take_first(&p->queue)) != NULL)
		drop_job(p, job);
	p->queued = 0;
	pthread_cond_broadcast(&p->room);
}

static void *run_worker(void *arg)
{
	struct pool *p = arg;
	pthread_mutex_lock(&p->lock);
	while (!p->closing) {
		struct pool_job *job = take_first(&p->queue);
		if (!job) {
			pthread_cond_wait(&p->work, &p->lock);
			continue;
		}
		p->queued--;
		p->running++;
		pthread_cond_signal(&p->room);
		pthread_mutex_unlock(&p->lock);
		int result = job->run(job, &job->err);
		pthread_mutex_lock(&p->lock);
		p->running--;
		end_job(p, job, result);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

static int start_threads(struct pool *p, unsigned workers, const pthread_attr_t *attr)
{
	/* Signals are for the thread that made the pool. */
	sigset_t all, kept;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &kept);
	int rc = 0;
	while (rc == 0 && p->threads_count < workers) {
		rc = pthread_create(&p->threads[p->threads_count], attr, run_worker, p);
		if (rc == 0)
			p->threads_count++;
	}
	pthread_sigmask(SIG_SETMASK, &kept, NULL);
	return rc;
}

int pool_open(unsigned workers, size_t stack_bytes, size_t queue_max, struct pool **out,
              struct err *e)
{
	*out = NULL;
	if (workers == 0)
		workers = 1;
	if (stack_bytes == 0)
		stack_bytes = POOL_STACK_BYTES;
	struct pool *p = mem_new(1, sizeof(*p) + workers * sizeof(p->threads[0]));
	p->queue_max = queue_max > 0 ? queue_max : 1;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	pthread_cond_init(&p->room, NULL);
	pthread_cond_init(&p->ended, NULL);
	pthread_attr_t attr;
	pthread_attr_init(&attr);
	int rc = pthread_attr_setstacksize(&attr, stack_bytes);
	if (rc == 0)
		rc = start_threads(p, workers, &attr);
	pthread_attr_destroy(&attr);
	/* A limit on processes leaves fewer workers; one does all the work, more slowly. */
	if (p->threads_count == 0) {
		pool_close(p);
		errno = rc;
		return err_sys(e, "start worker threads");
	}
	*out = p;
	return 0;
}

void pool_submit(struct pool *p, struct pool_job *job)
{
	pthread_mutex_lock(&p->lock);
	job->done = false;
	job->result = 0;
	err_clear(&job->err);
	while (p->queued >= p->queue_max && !p->cancelled)
		pthread_cond_wait(&p->room, &p->lock);
	if (p->cancelled) {
		drop_job(p, job);
	} else {
		append(&p->queue, job);
		p->queued++;
		pthread_cond_signal(&p->work);
	}
	pthread_mutex_unlock(&p->lock);
}

int pool_wait(struct pool *p, struct pool_job *job, struct err *e)
{
	pthread_mutex_lock(&p->lock);
	while (!job->done)
		pthread_cond_wait(&p->ended, &p->lock);
	take_out(&p->done, job);
	pthread_mutex_unlock(&p->lock);
	if (job->result != 0 && !err_is(e))
		*e = job->err;
	return job->result;
}

bool pool_done(struct pool *p, struct pool_job *job)
{
	pthread_mutex_lock(&p->lock);
	bool done = job->done;
	pthread_mutex_unlock(&p->lock);
	return done;
}

struct pool_job *pool_wait_any(struct pool *p)
{
	pthread_mutex_lock(&p->lock);
	while (!p->done.first && p->queued + p->running > 0)
		pthread_cond_wait(&p->ended, &p->lock);
	struct pool_job *job = take_first(&p->done);
	pthread_mutex_unlock(&p->lock);
	return job;
}

void pool_cancel(struct pool *p)
{
	pthread_mutex_lock(&p->lock);
	p->cancelled = true;
	drop_queue(p);
	pthread_mutex_unlock(&p->lock);
}

void pool_close(struct pool *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->cancelled = true;
	p->closing = true;
	drop_queue(p);
	pthread_cond_broadcast(&p->work);
	pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < p->threads_count; i++)
		pthread_join(p->threads[i], NULL);
	pthread_cond_destroy(&p->ended);
	pthread_cond_destroy(&p->room);
	pthread_cond_destroy(&p->work);
	pthread_mutex_destroy(&p->lock);
	mem_free(p);
}

void pool_close_auto(struct pool **p)
{
	pool_close(*p);
	*p = NULL;
}
