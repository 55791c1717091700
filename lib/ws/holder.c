/* Wishes to a supervisor. */
#include "ws/holder.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "os/file.h"
#include "os/lock.h"
#include "os/proc.h"
#include "os/proc_other.h"
#include "os/sys.h"
#include "ws/supervise.h"

enum { LOOK_MS = 10 };

/* What a wish is: the signal, and what the task's status is when it is so; "" where that is not it. */
static const struct wish {
	int number;
	uint64_t word;
	const char *status;
} wishes[] = {
	[HOLDER_PAUSE] = { SIGTSTP, 0, "paused" },
	[HOLDER_RESUME] = { SIGCONT, 0, "running" },
	[HOLDER_CANCEL] = { SIGTERM, SUPERVISE_WORD_CANCEL, "" },
	[HOLDER_SAVE] = { SIGURG, SUPERVISE_WORD_SAVE, "" },
};

/* ---- who it is ---- */

void holder_note(struct record *r, const struct cgroup *cgroup)
{
	struct proc_id self;
	proc_self(&self);
	r->holder_pid = self.pid;
	r->holder_start_ticks = (int64_t)self.start_ticks;
	r->holder_pid_ns = (int64_t)self.pid_ns;
	memcpy(r->holder_boot_id, self.boot_id, sizeof(self.boot_id));
	snprintf(r->holder_cgroup, sizeof(r->holder_cgroup), "%s", cgroup->path);
}

static struct proc_id holder_of(const struct record *r)
{
	struct proc_id id = {
		.pid = (int32_t)r->holder_pid,
		.start_ticks = (uint64_t)r->holder_start_ticks,
		.pid_ns = (uint64_t)r->holder_pid_ns,
	};
	memcpy(id.boot_id, r->holder_boot_id, sizeof(id.boot_id));
	return id;
}

static bool is_of_this_boot(const struct record *r)
{
	char boot_id[sizeof(r->holder_boot_id)];
	sys_boot_id(boot_id, sizeof(boot_id));
	return boot_id[0] && strcmp(boot_id, r->holder_boot_id) == 0;
}

static bool says_it_runs(const struct record *r)
{
	return strcmp(r->task_status, "running") == 0 || strcmp(r->task_status, "paused") == 0;
}

/* 1 the lock is held, and *holder says by whom, 0, -1. */
static int is_locked(const struct base_dir *b, const char *id, char holder[LOCK_HOLDER_MAX],
                     struct err *e)
{
	FD_AUTO fd = -1;
	return record_dir(b, id, false, &fd, e) != 0 ? -1 : lock_probe(fd, "lock", holder, e);
}

/* Pids are told apart by the boot and by the namespace that they count in. */
static int check_place(const struct record *r, const char *holder, struct err *e)
{
	struct proc_id self;
	proc_self(&self);
	if (!is_of_this_boot(r))
		return err_set(e, ERR_KIND_UNAVAILABLE,
		               "workspace %s: its command runs on another host, where it has to be "
		               "asked: %s",
		               r->id, holder);
	if (r->holder_pid_ns == 0 || (uint64_t)r->holder_pid_ns != self.pid_ns)
		return err_set(e, ERR_KIND_UNAVAILABLE,
		               "workspace %s: its command runs in another container (PID "
		               "namespace), where it has to be asked: %s",
		               r->id, holder);
	return 0;
}

/* Whoever has the lock is the one that the record names: that one lives. */
static int open_holder(const struct base_dir *b, const char *id, struct record *r, int *pidfd,
                       struct err *e)
{
	char holder[LOCK_HOLDER_MAX];
	struct err why = ERR_INIT;
	if (record_load(b, id, r, e) != 0)
		return -1;
	int locked = is_locked(b, id, holder, e);
	if (locked < 0)
		return err_context(e, "workspace %s", id);
	if (locked == 0)
		return err_set(e, ERR_KIND_CONFLICT, "workspace %s: no command runs there (%s)", id,
		               says_it_runs(r) ? "its supervisor was killed" : r->task_status);
	if (says_it_runs(r) && check_place(r, holder, e) != 0)
		return -1;
	const struct proc_id who = holder_of(r);
	if (says_it_runs(r) && proc_other_open(&who, pidfd, &why) == 0)
		return 0;
	if (why.kind == ERR_KIND_UNAVAILABLE) {
		*e = why;
		return -1;
	}
	return err_set(e, ERR_KIND_TRY_AGAIN,
	               "workspace %s: it is in use, but no command runs there: %s", id, holder);
}

bool holder_can_save(const struct base_dir *b, const char *id)
{
	RECORD_AUTO r = { .labels = NULL };
	struct err ignored = ERR_INIT;
	FD_AUTO pidfd = -1;
	return base_dir_check_id(id, &ignored) == 0 &&
	       open_holder(b, id, &r, &pidfd, &ignored) == 0 && !r.ephemeral;
}

/* ---- until it is so ---- */

/* Of a save of a command that goes on. */
static int came_of_save(const struct record *r, struct err *e)
{
	const struct js *event = record_last_event(r, "saved", "save-failed");
	if (event && str_is(js_get_str(event, "event"), "save-failed"))
		return err_set(e, ERR_KIND_TRY_AGAIN,
		               "workspace %s is not saved, its command goes on: %" STR_FMT, r->id,
		               STR_ARG(js_get_str(event, "why")));
	struct str beside = js_get_str(event, "beside");
	if (beside.len > 0)
		return err_set(e, ERR_KIND_CONFLICT,
		               "workspace %s: the store has a state that it was not built on; "
		               "this one is saved beside, as %" STR_FMT,
		               r->id, STR_ARG(beside));
	return 0;
}

/* Its supervisor is gone. */
static int came_of_end(const struct record *r, bool wanted, struct err *e)
{
	if (says_it_runs(r))
		return err_set(e, ERR_KIND_FAILED,
		               "workspace %s: its supervisor was killed, and nothing is saved",
		               r->id);
	if (r->state == RECORD_SPOOLED)
		return err_set(e, ERR_KIND_TRY_AGAIN,
		               "workspace %s: its command ended (%s) and it is spooled; "
		               "`ws-teardown --retry` sends it",
		               r->id, r->task_status);
	if (r->state != RECORD_SAVED && r->state != RECORD_TRASHED)
		return err_set(e, ERR_KIND_FAILED,
		               "workspace %s: its command ended (%s), and it is not saved", r->id,
		               r->task_status);
	if (wanted)
		return 0;
	return err_set(e, ERR_KIND_CONFLICT, "workspace %s: its command ended meanwhile (%s)",
	               r->id, r->task_status);
}

static bool is_so(const struct record *r, enum holder_wish wish, int64_t asked_ms)
{
	if (wish == HOLDER_SAVE)
		return r->live_save_ms >= asked_ms;
	return wishes[wish].status[0] && strcmp(r->task_status, wishes[wish].status) == 0;
}

static int wait_until_so(const struct base_dir *b, const struct holder_ask *how, int pidfd,
                         int64_t asked_ms, struct record *r, struct err *e)
{
	int64_t until_ms = how->deadline_ms > 0 ? sys_monotonic_ms() + how->deadline_ms : -1;
	bool ends = how->wish == HOLDER_CANCEL, saves = ends || how->wish == HOLDER_SAVE;
	for (;;) {
		bool late = until_ms >= 0 && sys_monotonic_ms() >= until_ms;
		int64_t look_ms = sys_monotonic_ms() + LOOK_MS;
		bool ended = proc_other_ended(pidfd, late ? 0 : ends ? until_ms : look_ms);
		if (record_reload(b, r, e) != 0)
			return -1;
		if (is_so(r, how->wish, asked_ms))
			return how->wish == HOLDER_SAVE ? came_of_save(r, e) : 0;
		if (ended)
			return came_of_end(r, saves, e);
		if (late)
			return err_set(e, ERR_KIND_TRY_AGAIN,
			               "workspace %s: it was asked, but it is not done in time",
			               r->id);
	}
}

int holder_ask(const struct base_dir *b, const char *id, const struct holder_ask *how,
               struct record *out, struct err *e)
{
	const struct wish *wish = &wishes[how->wish];
	FD_AUTO pidfd = -1;
	memset(out, 0, sizeof(*out));
	if (base_dir_check_id(id, e) != 0 || open_holder(b, id, out, &pidfd, e) != 0)
		return -1;
	int64_t asked_ms = sys_boot_ms();
	if (how->dry_run || (how->wish != HOLDER_SAVE && is_so(out, how->wish, asked_ms)))
		return 0;
	if (proc_other_signal(pidfd, wish->number, wish->word, e) != 0)
		return err_context(e, "workspace %s: ask its supervisor, pid %lld", id,
		                   (long long)out->holder_pid);
	return wait_until_so(b, how, pidfd, asked_ms, out, e);
}

/* ---- what is left ---- */

void holder_end_left(const struct record *r, bool frozen_only)
{
	if (r->holder_cgroup[0] && is_of_this_boot(r))
		cgroup_end_left(r->holder_cgroup, frozen_only);
}
