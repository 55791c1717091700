/* Saving all parts of a workspace, in time. */
#include "base/mem.h"
#include "os/dir.h"
#include "os/log.h"
#include "os/proc.h"
#include "os/signals.h"
#include "os/sys.h"
#include "store/store.h"
#include "ws/git_keep.h"
#include "ws/teardown_job.h"

/* ---- all parts ---- */

/* Law 5: before the first byte is sent the record knows under which nonce. In the spool nobody writes, so that what was
 * stored from there is done; <base>/<id> may have been written to since an interrupted teardown. */
static int begin(struct teardown_job *j, struct err *e)
{
	struct record *r = &j->record;
	for (size_t i = 0; i < j->parts.count; i++) {
		struct record_part *p = teardown_job_part(j, &j->parts.list[i]);
		if (p->saved && j->in_spool)
			continue;
		if (p->saved || !p->save_id[0])
			sys_random_name(p->save_id);
		p->saved = false;
		p->partial = false;
		p->side_key[0] = '\0';
		if (!p->key[0] &&
		    str_copy(str_of(j->parts.list[i].key), p->key, sizeof(p->key)) != 0)
			return err_set(e, ERR_KIND_CONFIG, "part %s: the key is too long", p->name);
	}
	r->archived_bytes = r->content_bytes = r->entries = 0;
	r->state = RECORD_SAVING;
	return record_save(j->b, r, e);
}

static int open_root(const struct teardown_job *j, int *fd, struct err *e)
{
	return dir_open(j->parent, j->record.id, fd, e);
}

static int open_store(const struct teardown_job *j, struct store **out, struct err *e)
{
	MEM_AUTO char *url = record_store_url(&j->record, j->b);
	return store_open(url, j->o->s3, out, e);
}

int teardown_save_parts(struct teardown_job *j, struct err *e)
{
	const struct part *order[PROFILE_PARTS_MAX];
	GIT_KEEP_PATHS_AUTO rest = { .list = NULL };
	STORE_AUTO store = NULL;
	FD_AUTO root = -1;
	bool is_listed;
	/* git first: it is what needs no store. */
	if (open_root(j, &root, e) != 0 || begin(j, e) != 0 ||
	    teardown_git_keep(j, root, &rest, &is_listed, e) != 0 || open_store(j, &store, e) != 0)
		return -1;
	part_sort(&j->parts, PART_SAVE_ORDER, order);
	for (size_t i = 0; i < j->parts.count; i++) {
		struct teardown_step s = {
			.j = j,
			.store = store,
			.root = root,
			.part = order[i],
			.record = teardown_job_part(j, order[i]),
			.only = is_listed ? rest.list : NULL,
			.only_count = rest.count,
		};
		if (!s.record->saved && teardown_part_save(&s, e) != 0)
			return err_context(e, "save %s", j->record.id);
	}
	return 0;
}

int teardown_save_preview(struct teardown_job *j, struct err *e)
{
	STORE_AUTO store = NULL;
	FD_AUTO root = -1;
	if (open_root(j, &root, e) != 0 || teardown_git_preview(j, root, e) != 0 ||
	    open_store(j, &store, e) != 0)
		return -1;
	for (size_t i = 0; i < j->parts.count; i++) {
		const struct part *p = &j->parts.list[i];
		struct teardown_step s = {
			.j = j,
			.store = store,
			.root = root,
			.part = p,
			.record = teardown_job_part(j, p),
		};
		int there = dir_exists(root, p->path, e);
		int ours = there > 0 ? teardown_part_is_ours(&s, e) : there;
		if (ours < 0)
			return -1;
		j->out->parts_saved += there > 0;
		j->out->conflict = j->out->conflict || (there > 0 && !ours);
	}
	return 0;
}

bool teardown_save_is_complete(struct teardown_job *j)
{
	for (size_t i = 0; i < j->parts.count; i++) {
		if (!teardown_job_part(j, &j->parts.list[i])->saved)
			return false;
	}
	return true;
}

/* ---- in time ---- */

static int work(void *ctx, struct err *e)
{
	struct teardown_job *j = ctx;
	struct meter *meter = meter_start(j->o->progress, j->o->meter);
	int result = teardown_save_parts(j, e);
	meter_stop(meter);
	return result;
}

static int64_t deadline_from_now(const struct teardown_job *j)
{
	return j->o->deadline_ms > 0 ? sys_monotonic_ms() + j->o->deadline_ms : -1;
}

/* 1 the child ended, 0 time is up or another signal came, -1. */
static int wait_for(struct teardown_job *j, struct proc_task *task, int *result, struct err *e)
{
	const struct teardown_options *o = j->o;
	if (!o->deadline_on_stop)
		return proc_wait_task(task, deadline_from_now(j), o->wake_fd, result, e);
	int ended = proc_wait_task(task, -1, o->wake_fd, result, e);
	if (ended != 0)
		return ended;
	/* The first signal starts the clock. */
	if (signals_next(o->wake_fd, e) < 0)
		return -1;
	return proc_wait_task(task, deadline_from_now(j), o->wake_fd, result, e);
}

/* What the child recorded. When it can't be read what we know stays, which claims less. */
static void reload(struct teardown_job *j)
{
	struct err why = ERR_INIT;
	if (record_reload(j->b, &j->record, &why) != 0)
		teardown_job_notice(j, &why);
}

int teardown_save_in_time(struct teardown_job *j, struct err *e)
{
	struct proc_task task;
	int result = -1;
	if (j->o->deadline_ms <= 0 && j->o->wake_fd < 0)
		return teardown_save_parts(j, e);
	if (proc_fork_task(work, j, &task, e) != 0)
		return -1;
	int ended = wait_for(j, &task, &result, e);
	if (ended <= 0) {
		proc_kill_task(&task);
		/* The child's: of a line that we did not draw there is nothing to remove. */
		log_status_line(" ");
		log_status_line("");
	}
	reload(j);
	if (ended == 0)
		return err_set(e, ERR_KIND_TRY_AGAIN, "save %s: it was not done in time",
		               j->record.id);
	return ended < 0 ? -1 : result;
}
