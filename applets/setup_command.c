/* The supervised form of ws-setup. */
#include "applets/setup_command.h"

#include <stdio.h>
#include <string.h>

#include "applets/ws_options.h"
#include "base/mem.h"
#include "os/dir.h"
#include "os/file.h"
#include "os/log.h"
#include "os/signals.h"
#include "os/sys.h"
#include "ws/git_tree.h"
#include "ws/holder.h"
#include "ws/journal.h"
#include "ws/lease.h"
#include "ws/supervise.h"
#include "ws/teardown.h"

enum { DEADLINE_DEFAULT_MS = 8000, GRACE_DEFAULT_MS = 8000 };

const struct opt_row setup_command_rows[SETUP_COMMAND_COUNT] = {
	OPT_DURATION("grace", 0, "D", struct setup_command_options, grace_ms,
	             "from a TERM to a KILL for the command (default 8s)"),
	OPT_DURATION("deadline", 0, "D", struct setup_command_options, deadline_ms,
	             "after a TERM: when the save is not done by then it is spooled (default 8s)"),
	OPT_DURATION("time-limit", 0, "D", struct setup_command_options, limit_ms,
	             "the command gets a TERM after so long, and a KILL after --grace"),
	OPT_DURATION(
		"save-every", 0, "D", struct setup_command_options, save_every_ms,
		"save while the command runs, too: it stands still meanwhile, at most for D (2s if that is less); a save that fails is tried again"),
	OPT_LIST("pass-env", 0, "NAME", struct setup_command_options, pass_env,
	         "let the command have this AWS_* or WS_* variable (else it has none of them)"),
};

void setup_command_defaults(struct setup_command_options *o)
{
	o->grace_ms = GRACE_DEFAULT_MS;
	o->deadline_ms = DEADLINE_DEFAULT_MS;
}

static int open_cwd(const struct setup *s, int *fd, struct err *e)
{
	FD_AUTO root = -1;
	if (dir_open(s->base.fd, s->record.id, &root, e))
		return -1;
	return dir_open(root, s->profile.cwd ? s->profile.cwd : ".", fd, e);
}

/* A command at work. */
struct session {
	struct setup *s;
	const struct setup_command *c;
	struct cgroup cgroup;
	int64_t save_began_ms; /* of the last save while it runs; sys_boot_ms */
};

/* In a child of its own; the command stands still. */
static int save_live(void *ctx, struct err *e)
{
	const struct session *x = ctx;
	struct teardown_result result;
	const struct teardown_options how = {
		.keep = true,
		.live = true,
		.wake_fd = -1,
		.config = x->c->call->config,
		.s3 = x->c->s3,
		.notice = ws_options_notice,
	};
	int status = teardown_run(&x->s->base, x->s->record.id, &how, &x->s->lock, &result, e);
	/* It is saved, beside what somebody else stored: that is no failure to be tried again. */
	if (status != 0 && e->kind == ERR_KIND_CONFLICT && !result.conflict)
		e->kind = ERR_KIND_FAILED;
	teardown_result_free(&result);
	return status;
}

/* The time to the spool runs from the TERM: what the command took of it to end is gone. */
static int64_t deadline_left_ms(const struct setup_command *c, const struct supervise_result *ended)
{
	if (c->options->deadline_ms <= 0 || !ended->terminated)
		return c->options->deadline_ms;
	int64_t left = c->options->deadline_ms - (sys_monotonic_ms() - ended->terminated_at_ms);
	return left > 0 ? left : 1;
}

static int save(struct setup *s, const struct setup_command *c,
                const struct supervise_result *ended, struct err *e)
{
	FD_AUTO stop_fd = -1;
	if (signals_open_stop(&stop_fd, e))
		return -1;
	struct progress progress = { .label = "save" };
	const struct teardown_options how = {
		.deadline_ms = deadline_left_ms(c, ended),
		.deadline_on_stop = !ended->terminated,
		.wake_fd = stop_fd,
		.config = c->call->config,
		.s3 = c->s3,
		.progress = &progress,
		.meter = applet_meter_mode(c->call),
		.notice = ws_options_notice,
	};
	struct teardown_result result = { .side_key = NULL };
	int status = teardown_run(&s->base, s->record.id, &how, &s->lock, &result, e);
	teardown_result_free(&result);
	return status;
}

struct keeping {
	struct setup *s;
	struct lease lease;
};

/* The lock is the supervisor's alone: it is free as soon as that one is gone, however it went. */
static int keep_lease(void *ctx, struct err *e)
{
	struct keeping *k = ctx;
	file_close_auto(&k->s->lock.fd);
	return lease_keep(&k->lease, e);
}

/* In a process of its own: what the store is slow with must not keep signals from the command. */
static void start_lease(struct keeping *k, struct proc_task *task)
{
	const struct record *r = k->lease.record;
	struct err why = ERR_INIT;
	if (r->lease_ms > 0 && proc_fork_task(keep_lease, k, task, &why) != 0)
		log_warn("%s: the lease is not renewed: %s", r->id, why.msg);
}

/* What became of the command, for the record's history and the journal; NULL: its status stays. On a full disk it is told all
 * the same. */
static void note(struct setup *s, const char *event, const char *status, struct js *fields)
{
	struct err why = ERR_INIT;
	record_event(&s->record, event, js_copy(fields));
	if (status)
		snprintf(s->record.task_status, sizeof(s->record.task_status), "%s", status);
	if (record_save(&s->base, &s->record, &why) != 0)
		log_warn("%s", why.msg);
	journal_add(&s->base, event, s->record.id, fields);
}

/* The child's record is the newer one; of one that was killed it may say that it is being saved. */
static void note_live_save(struct session *x, const struct err *failed)
{
	struct record *r = &x->s->record;
	struct err why = ERR_INIT;
	if (record_reload(&x->s->base, r, &why) != 0)
		log_warn("%s", why.msg);
	r->live_save_ms = x->save_began_ms;
	r->state = RECORD_READY;
	if (failed)
		log_warn("%s: not saved while its command runs: %s", r->id, failed->msg);
	if (failed && failed->kind != ERR_KIND_CONFLICT) {
		struct js *fields = js_object();
		js_set_text(fields, "why", failed->msg);
		record_event_again(r, "save-failed", js_copy(fields));
		journal_add(&x->s->base, "save-failed", r->id, fields);
	}
	if (record_save(&x->s->base, r, &why) != 0)
		log_warn("%s", why.msg);
}

static void tell(void *ctx, const struct supervise_event *event)
{
	struct session *x = ctx;
	switch (event->what) {
	case SUPERVISE_PAUSED:
		note(x->s, "paused", "paused", js_object());
		break;
	case SUPERVISE_RESUMED:
		note(x->s, "resumed", "running", js_object());
		break;
	case SUPERVISE_CANCELLED:
		note(x->s, "cancelled", NULL, js_object());
		break;
	case SUPERVISE_SAVING:
		x->save_began_ms = sys_boot_ms();
		break;
	case SUPERVISE_SAVED:
	case SUPERVISE_NOT_SAVED:
		note_live_save(x, event->why);
		break;
	}
}

static int supervise(struct session *x, int signal_fd, int32_t spared, struct supervise_result *out,
                     struct err *e)
{
	struct setup *s = x->s;
	const struct setup_command *c = x->c;
	MEM_TEXTS_AUTO env = NULL;
	FD_AUTO cwd = -1;
	if (setup_environment(s, c->options->pass_env.items, c->options->pass_env.count, &env, e) ||
	    open_cwd(s, &cwd, e))
		return -1;
	char **argv = mem_new(c->argc + 1, sizeof(char *));
	for (size_t i = 0; i < c->argc; i++)
		argv[i] = mem_text(c->argv[i]);
	MEM_TEXTS_AUTO owned = argv;
	const struct proc_spawn spawn = {
		.argv = owned,
		.env = env,
		.cwd_fd = cwd,
		.stdin_fd = -1,
		.stdout_fd = -1,
		.stderr_fd = -1,
		.new_group = true,
		.die_with_parent = true, /* nobody would save what it does */
		.keep_ignored = true,
		.cgroup = &x->cgroup,
	};
	const struct supervise_how how = {
		.grace_ms = c->options->grace_ms,
		.limit_ms = c->options->limit_ms,
		.save_every_ms = c->options->save_every_ms,
		.spared = spared,
		.save = s->record.ephemeral ? NULL : save_live,
		.tell = tell,
		.ctx = x,
	};
	if (supervise_run(&spawn, signal_fd, &how, out, e) != 0)
		return -1;
	if (out->over_time)
		log_warn("%s: the command was ended after its time limit of %lld ms", s->record.id,
		         (long long)c->options->limit_ms);
	return 0;
}

/* The program alone: its arguments may hold secrets. */
static void note_start(struct setup *s, const struct setup_command *c, const struct cgroup *cgroup)
{
	struct js *fields = js_object();
	struct err why = ERR_INIT;
	holder_note(&s->record, cgroup);
	js_set_text(fields, "command", c->argv[0]);
	note(s, "started", "running", fields);
	if (s->record.git_dir[0] && git_tree_note_holder(&s->record, false, &why) != 0)
		log_warn("%s: git is not told who works there: %s", s->record.id, why.msg);
}

static void note_end(struct setup *s, const struct supervise_result *ended)
{
	struct js *fields = js_object();
	js_set_int(fields, "status", ended->status);
	if (ended->signal_number)
		js_set_int(fields, "signal", ended->signal_number);
	note(s, "ended",
	     ended->over_time     ? "timeout"
	     : ended->cancelled   ? "cancelled"
	     : ended->status == 0 ? "completed"
	     : ended->terminated  ? "cancelled"
	                          : "failed",
	     fields);
}

static void note_failure(struct setup *s, const struct err *why)
{
	struct js *fields = js_object();
	js_set_text(fields, "why", why->msg);
	note(s, "failed", "failed", fields);
}

/* Without one the process group and the reaping of orphans find everyone whom we may send a signal to. */
static void open_cgroup(struct cgroup *out)
{
	struct err why = ERR_INIT;
	if (cgroup_open(out, &why) != 0)
		log_debug("the command gets no control group: %s", why.msg);
}

/* From its start to its end, told in the record. */
static bool run(struct setup *s, const struct setup_command *c, int signal_fd, int32_t spared,
                struct supervise_result *ended, struct err *why)
{
	struct session x = { .s = s, .c = c };
	open_cgroup(&x.cgroup);
	note_start(s, c, &x.cgroup);
	bool started = supervise(&x, signal_fd, spared, ended, why) == 0;
	cgroup_close(&x.cgroup);
	if (started)
		note_end(s, ended);
	else
		note_failure(s, why);
	return started;
}

int setup_command_run(struct setup *s, const struct setup_command *c, struct err *e)
{
	FD_AUTO signal_fd = -1;
	if (supervise_prepare(&signal_fd, e))
		return -1;
	struct proc_task keeper = { .proc.pidfd = -1, .err_fd = -1 };
	struct keeping keeping = {
		.s = s,
		.lease = { .base = &s->base,
		           .record = &s->record,
		           .profile = &s->profile,
		           .s3 = c->s3 },
	};
	start_lease(&keeping, &keeper);
	struct supervise_result ended = { .terminated = false };
	struct err why = ERR_INIT;
	bool started = run(s, c, signal_fd, keeper.proc.pid, &ended, &why);
	struct err not_saved = ERR_INIT;
	int saved = save(s, c, &ended, &not_saved);
	proc_kill_task(&keeper);
	if (saved != 0 && started && ended.status == 0) {
		*e = not_saved;
		return -1;
	}
	if (saved != 0)
		log_err(&not_saved);
	if (!started && ended.status != 0)
		log_err(&why);
	else if (!started)
		*e = why;
	return started || ended.status != 0 ? ended.status : -1;
}
