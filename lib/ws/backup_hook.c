/* Before and after. */
#include <stdio.h>

#include "base/codec.h"
#include "base/mem.h"
#include "os/file.h"
#include "os/log.h"
#include "os/proc.h"
#include "os/run.h"
#include "os/signals.h"
#include "os/sys.h"
#include "ws/backup.h"

enum { OUTPUT_MAX = 1 << 20 };

static int fail(const char *what, const char *command, const struct run_result *r, struct err *e)
{
	char shown[200], said[400];
	struct str text = str_trim(buf_str(&r->errors));
	return err_set(e, ERR_KIND_FAILED, "%s \"%s\" %s (status %d)%s%s", what,
	               codec_quoted(str_of(command), shown, sizeof(shown)),
	               r->timed_out ? "was not done in time" : "failed", r->status,
	               text.len > 0 ? ": " : "", codec_quoted(text, said, sizeof(said)));
}

static int run_hook(const char *what, const char *command, int64_t timeout_ms, struct err *e)
{
	RUN_AUTO result = { .status = -1 };
	char program[] = "sh", option[] = "-c";
	MEM_AUTO char *text = mem_text(command);
	char *argv[] = { program, option, text, NULL };
	const struct run_options how = {
		.argv = argv,
		.cwd_fd = -1,
		.timeout_ms = timeout_ms,
		.output_max = OUTPUT_MAX,
	};
	if (run_program(&how, &result, e) != 0)
		return err_context(e, "%s", what);
	return result.status == 0 && !result.timed_out ? 0 : fail(what, command, &result, e);
}

struct child {
	int (*work)(void *ctx, struct err *e);
	void *ctx;
};

static int run_child(void *ctx, struct err *e)
{
	const struct child *c = ctx;
	proc_own_group();
	return c->work(c->ctx, e);
}

/* It may leave things in order, unless another signal comes. */
static void end_child(struct proc_task *task, int64_t grace_ms, int stop_fd)
{
	int result;
	struct err ignored = ERR_INIT;
	if (grace_ms > 0)
		proc_ask_task(task);
	if (grace_ms <= 0 ||
	    proc_wait_task(task, sys_monotonic_ms() + grace_ms, stop_fd, &result, &ignored) <= 0)
		proc_kill_task(task);
}

static int work_in_child(struct child *child, int64_t grace_ms, int stop_fd, int *stopped,
                         struct err *e)
{
	struct proc_task task;
	int result = -1;
	if (proc_fork_task(run_child, child, &task, e) != 0)
		return -1;
	int ended = proc_wait_task(&task, -1, stop_fd, &result, e);
	if (ended > 0)
		return result;
	*stopped = ended < 0 ? -1 : signals_next(stop_fd, e);
	end_child(&task, *stopped < 0 ? 0 : grace_ms, stop_fd);
	return *stopped < 0 ? -1 : err_set(e, ERR_KIND_TRY_AGAIN, "it was told to stop");
}

/* Nobody may stay quiet because the work failed, nor because the hook did half of its own. */
static int resume(const struct backup_hooks *h, int rc, struct err *e)
{
	struct err why = ERR_INIT;
	if (!h->resume || run_hook("--resume", h->resume, h->timeout_ms, &why) == 0)
		return rc;
	if (rc != 0) {
		log_err(&why);
		return rc;
	}
	*e = why;
	return -1;
}

int backup_hook_run(const struct backup_hooks *h, int (*work)(void *ctx, struct err *e), void *ctx,
                    int *stopped, struct err *e)
{
	FD_AUTO stop_fd = -1;
	*stopped = 0;
	if (!h->quiesce && !h->resume)
		return work(ctx, e);
	if (signals_open_stop(&stop_fd, e) != 0)
		return -1;
	int rc = h->quiesce ? run_hook("--quiesce", h->quiesce, h->timeout_ms, e) : 0;
	if (rc == 0)
		rc = work_in_child(&(struct child){ work, ctx }, h->grace_ms, stop_fd, stopped, e);
	return resume(h, rc, e);
}
