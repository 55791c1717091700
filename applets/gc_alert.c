/* --metrics and --notify. */
#include "applets/gc_alert.h"

#include <string.h>

#include "applets/gc_options.h"
#include "base/mem.h"
#include "os/dir.h"
#include "os/log.h"
#include "os/proc.h"
#include "os/signals.h"
#include "os/sys.h"

enum { METRICS_MAX = 1 << 20, NOTIFY_MAX_MS = 60 * 1000 };

/* ---- metrics ---- */

static void add_metric(struct buf *out, const char *name, const char *help, uint64_t value)
{
	buf_printf(out, "# HELP ws_gc_%s %s\n# TYPE ws_gc_%s gauge\nws_gc_%s %llu\n", name, help,
	           name, name, (unsigned long long)value);
}

static void add_workspaces(struct buf *out, const struct gc_plan *plan)
{
	uint64_t count = 0, bytes = 0, oldest_ms = 0;
	for (size_t i = 0; i < plan->count; i++) {
		const struct gc_item *item = &plan->items[i];
		if (!item->exists || item->action == GC_TRASH)
			continue;
		count++;
		bytes += item->allocated_bytes;
		if (item->idle_ms > 0 && (uint64_t)item->idle_ms > oldest_ms)
			oldest_ms = (uint64_t)item->idle_ms;
	}
	add_metric(out, "workspaces", "Workspaces that are there after the run", count);
	add_metric(out, "workspace_bytes", "Allocated bytes of those workspaces", bytes);
	add_metric(out, "longest_idle_seconds", "How long the longest idle of them has been idle",
	           oldest_ms / 1000);
}

static void add_run(struct buf *out, const struct gc_outcome *o)
{
	add_metric(out, "trashed", "Workspaces moved to the trash in the last run",
	           o->done.trashed);
	add_metric(out, "purged", "Entries of the trash deleted in the last run", o->done.purged);
	add_metric(out, "sent", "Spooled workspaces sent in the last run", o->done.sent);
	add_metric(out, "left_alone", "Workspaces that came alive during the last run",
	           o->done.left_alone);
	add_metric(out, "freed_bytes", "Bytes freed by the last run", o->done.freed_bytes);
	add_metric(out, "failed", "Items that failed in the last run", o->failed);
	add_metric(out, "targets_missed", "Policies that missed their target in the last run",
	           o->missed);
	add_metric(out, "last_run_timestamp_seconds", "When the last run ended",
	           (uint64_t)sys_now_ms() / 1000);
}

static int write_metrics(const char *path, const struct gc_outcome *o, const struct gc_plan *plan,
                         struct err *e)
{
	FD_AUTO parent = -1;
	char name[DIR_NAME_MAX + 1];
	BUF_AUTO text = buf_make(METRICS_MAX);
	add_workspaces(&text, plan);
	if (plan->space_known) {
		add_metric(&text, "free_bytes", "Free bytes of the file system before the run",
		           plan->space.free_bytes);
		add_metric(&text, "free_inodes", "Free inodes of the file system before the run",
		           plan->space.free_inodes);
	}
	add_run(&text, o);
	if (buf_check(&text, e, path) || dir_open_user_parent(path, &parent, name, e))
		return -1;
	return dir_replace_file(parent, name, text.p, text.len, 0644, e);
}

/* ---- notify ---- */

static int wait_for(const struct proc *child, struct err *e)
{
	int64_t end_ms = sys_monotonic_ms() + NOTIFY_MAX_MS;
	while (sys_monotonic_ms() < end_ms) {
		struct signals_child dead = { .pid = 0 };
		int got = signals_reap(&dead, e);
		if (got < 0)
			return -1;
		if (got > 0 && dead.pid == child->pid)
			return dead.status == 0
			               ? 0
			               : err_set(e, ERR_KIND_FAILED, "status %d", dead.status);
		if (got == 0)
			sys_sleep_ms(10);
	}
	return err_set(e, ERR_KIND_TRY_AGAIN, "it still runs");
}

/* In an environment of its own: none of our credentials are the command's business. */
static int notify(const char *command, const struct err *what, struct err *e)
{
	const char *path = sys_env("PATH");
	MEM_AUTO char *alert = mem_printf("WS_GC_ALERT=%s", what->msg);
	MEM_AUTO char *path_word =
		mem_printf("PATH=%s", path ? path : "/usr/local/bin:/usr/bin:/bin");
	MEM_AUTO char *text = mem_text(command);
	char shell[] = "/bin/sh", flag[] = "-c";
	char *const argv[] = { shell, flag, text, NULL };
	char *const env[] = { alert, path_word, NULL };
	const struct proc_spawn how = {
		.argv = argv,
		.env = env,
		.cwd_fd = -1,
		.stdin_fd = -1,
		.stdout_fd = -1,
		.stderr_fd = -1,
	};
	struct proc child;
	FD_AUTO pidfd = -1;
	if (proc_start(&how, &child, e))
		return -1;
	pidfd = child.pidfd;
	return wait_for(&child, e);
}

void gc_alert(const struct applet_call *call, const struct gc_outcome *out,
              const struct gc_plan *plan, struct err *e)
{
	const struct gc_words *o = call->options;
	struct err why = ERR_INIT;
	if (o->metrics && write_metrics(o->metrics, out, plan, &why)) {
		err_context(&why, "--metrics");
		if (err_is(e))
			log_err(&why);
		else
			*e = why;
	}
	err_clear(&why);
	if (o->notify && err_is(e) && notify(o->notify, e, &why))
		log_warn("--notify: %s", why.msg);
}
