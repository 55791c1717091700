/* The queue of jobs. */
#include "applets/s3_job.h"

#include "applets/s3_show.h"
#include "base/mem.h"

enum { TEXT_MAX = 65536 };

static const char *const verbs[] = {
	[S3_JOB_UPLOAD] = "upload",
	[S3_JOB_DOWNLOAD] = "download",
	[S3_JOB_COPY] = "copy",
};

static const char *verb(const struct s3_job_queue *q, enum s3_job_kind kind)
{
	return q->move ? "move" : verbs[kind];
}

int s3_job_queue_open(struct s3_job_queue *q, struct err *e)
{
	bool threads = !q->single && !q->dry_run;
	/* One more than workers: one is being filled in while all run. */
	q->slot_count = threads ? s3_jobs(q->s3) + 1 : 1;
	q->slots = mem_new(q->slot_count, sizeof(*q->slots));
	for (size_t i = 0; i < q->slot_count; i++) {
		struct s3_job *j = &q->slots[i];
		j->queue = q;
		j->root_fd = -1;
		j->key = buf_make(TEXT_MAX);
		j->from_key = buf_make(TEXT_MAX);
		j->path = buf_make(TEXT_MAX);
		j->from = buf_make(TEXT_MAX);
		j->to = buf_make(TEXT_MAX);
	}
	if (!threads || s3_pool_open(q->s3, q->slot_count, &q->pool, e) == 0)
		return 0;
	mem_free(q->slots);
	return -1;
}

void s3_job_failed(struct s3_job_queue *q, struct err *e)
{
	if (q->single && !err_is(&q->first)) {
		q->first = *e;
		q->failed++;
		return;
	}
	applet_item_failed(q->call, e, &q->failed);
}

static void report(struct s3_job_queue *q, struct s3_job *j, int result, struct err *e)
{
	j->busy = false;
	/* That all others were interrupted, too, is said once. */
	if (result && s3_stopped(q->s3)) {
		if (q->failed++ == 0 || !err_is(&q->first))
			q->first = *e;
		return;
	}
	if (result) {
		s3_job_failed(q, e);
		return;
	}
	progress_add(&q->progress, 0, 1);
	struct applet_action a = {
		.verb = verb(q, j->kind),
		.from = j->from.p,
		.to = j->to.p,
		.size_bytes = j->size_bytes,
		.dry_run = q->dry_run,
	};
	applet_show_action(q->call, &a);
}

static struct s3_job *wait_one(struct s3_job_queue *q)
{
	struct pool_job *ended = q->pool ? pool_wait_any(q->pool) : NULL;
	if (!ended)
		return NULL;
	struct s3_job *j = (struct s3_job *)ended;
	report(q, j, ended->result, &ended->err);
	return j;
}

static void empty(struct s3_job *j)
{
	buf_clear(&j->key);
	buf_clear(&j->from_key);
	buf_clear(&j->path);
	buf_clear(&j->from);
	buf_clear(&j->to);
	j->root_fd = -1;
	j->size_bytes = 0;
	j->mtime_ms = 0;
}

struct s3_job *s3_job_next(struct s3_job_queue *q)
{
	struct s3_job *idle = NULL;
	for (size_t i = 0; i < q->slot_count && !idle; i++)
		if (!q->slots[i].busy)
			idle = &q->slots[i];
	while (!idle)
		idle = wait_one(q);
	empty(idle);
	q->total++;
	return idle;
}

static int run_job(struct pool_job *job, struct err *e)
{
	return s3_job_run((struct s3_job *)job, e);
}

static int check_texts(const struct s3_job *j, struct err *e)
{
	return buf_check(&j->key, e, "a key") || buf_check(&j->path, e, "a path") ||
	                       buf_check(&j->from_key, e, "a key") ||
	                       buf_check(&j->to, e, "a name") || buf_check(&j->from, e, "a name")
	               ? -1
	               : 0;
}

void s3_job_start(struct s3_job_queue *q, struct s3_job *j)
{
	struct err e = ERR_INIT;
	progress_expect(&q->progress, j->size_bytes, 1);
	if (check_texts(j, &e)) {
		report(q, j, -1, &e);
	} else if (q->dry_run) {
		int result = q->single ? s3_job_run_check(j, &e) : 0;
		report(q, j, result, &e);
	} else if (!q->pool) {
		int result = s3_job_run(j, &e);
		report(q, j, result, &e);
	} else {
		j->busy = true;
		j->job = (struct pool_job){ .run = run_job };
		pool_submit(q->pool, &j->job);
	}
}

void s3_job_wait(struct s3_job_queue *q)
{
	while (wait_one(q))
		continue;
}

int s3_job_queue_close(struct s3_job_queue *q, struct err *e)
{
	s3_job_wait(q);
	s3_pool_close(q->s3, q->pool);
	for (size_t i = 0; i < q->slot_count; i++) {
		struct s3_job *j = &q->slots[i];
		buf_free(&j->key);
		buf_free(&j->from_key);
		buf_free(&j->path);
		buf_free(&j->from);
		buf_free(&j->to);
	}
	mem_free(q->slots);
	if (err_is(&q->first)) {
		*e = q->first;
		return -1;
	}
	return applet_result(q->failed, q->total, "objects", e);
}
