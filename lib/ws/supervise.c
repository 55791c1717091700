/* PID 1's duties around one command. */
#include "ws/supervise.h"

#include <signal.h>
#include <string.h>

#include "os/file.h"
#include "os/group.h"
#include "os/log.h"
#include "os/signals.h"
#include "os/sys.h"
#include "ws/supervise_rest.h"

enum {
	LEFTOVER_MS =
		1000, /* what the command leaves behind in its group gets this long after TERM */
	LOOK_MS =
		10, /* how often the group is looked at meanwhile: its members need not be our children */
};

struct watch {
	int32_t child;
	int signal_fd;
	int64_t grace_ms;
	int64_t limit_at_ms; /* -1: none, or past */
	int64_t kill_at_ms;  /* -1: not yet */
	bool ended;
	bool paused; /* by us */
	const struct cgroup *cgroup;
	struct supervise_result *out;
};

int supervise_prepare(int *signal_fd, struct err *e)
{
	return signals_open(signal_fd, e) || signals_adopt_orphans(e) ? -1 : 0;
}

static bool asks_to_stop(int number)
{
	return number == SIGTERM || number == SIGINT || number == SIGHUP;
}

static bool suspends(int number)
{
	return number == SIGTSTP || number == SIGTTIN || number == SIGTTOU;
}

/* A group that may not be signalled (the command became another user) gets what can be sent; that is no reason to
 * leave it without a supervisor. */
static void send(const struct watch *w, int number)
{
	struct err ignored = ERR_INIT;
	int result = signals_send_group(w->child, number, &ignored);
	(void)result;
}

/* What is paused can't end. */
static void end(struct watch *w, int number)
{
	send(w, number);
	if (w->paused)
		send(w, SIGCONT);
	w->paused = false;
}

/* The first reason to end counts for the KILL. */
static void kill_later(struct watch *w)
{
	w->limit_at_ms = -1;
	if (w->grace_ms >= 0 && w->kill_at_ms < 0)
		w->kill_at_ms = sys_monotonic_ms() + w->grace_ms;
}

static void forward(struct watch *w, int number)
{
	if (number == SIGCHLD)
		return;
	/* A group without a shell above it can't be suspended by what can be caught: the kernel ignores it there. */
	if (suspends(number))
		number = SIGSTOP;
	if (asks_to_stop(number) && !w->out->terminated) {
		w->out->terminated = true;
		w->out->terminated_at_ms = sys_monotonic_ms();
		kill_later(w);
	}
	if (asks_to_stop(number))
		end(w, number);
	else
		send(w, number);
	w->paused = number == SIGSTOP || (w->paused && number != SIGCONT);
}

static int reap_all(struct watch *w, struct err *e)
{
	struct signals_child dead;
	int got;
	while ((got = signals_reap(&dead, e)) == 1) {
		if (dead.pid != w->child)
			continue;
		w->ended = true;
		w->out->status = dead.status;
		w->out->signal_number = dead.signal_number;
	}
	return got;
}

/* The time that was waited for has come: the limit's, or the KILL's. They are never both set. */
static void time_is_up(struct watch *w)
{
	if (w->limit_at_ms < 0) {
		w->kill_at_ms = -1;
		send(w, SIGKILL);
		cgroup_kill(w->cgroup);
		return;
	}
	w->out->over_time = true;
	kill_later(w);
	end(w, SIGTERM);
}

/* One turn: wait for a signal or the time to end it, pass signals on, reap. */
static int turn(struct watch *w, struct err *e)
{
	int64_t until_ms = w->limit_at_ms >= 0 ? w->limit_at_ms : w->kill_at_ms;
	int ready = signals_wait(w->signal_fd, until_ms, e);
	if (ready < 0)
		return -1;
	if (ready == 0) {
		time_is_up(w);
		return 0;
	}
	int number;
	while ((number = signals_next(w->signal_fd, e)) > 0)
		forward(w, number);
	return number < 0 ? -1 : reap_all(w, e);
}

/* Reap until the group is empty, at most LEFTOVER_MS long. */
static int wait_for_group(struct watch *w, struct err *e)
{
	int64_t until = sys_monotonic_ms() + LEFTOVER_MS;
	while (group_alive(w->child) && sys_monotonic_ms() < until) {
		sys_sleep_ms(LOOK_MS);
		if (reap_all(w, e))
			return -1;
	}
	return 0;
}

/* Nothing of the command may write to the workspace while it is saved. Signals that come meanwhile stay in the
 * descriptor, for whoever saves. */
static int end_leftovers(struct watch *w, struct err *e)
{
	static const int steps[] = { SIGTERM, SIGKILL };
	for (size_t i = 0; i < COUNTOF(steps) && group_alive(w->child); i++) {
		send(w, steps[i]);
		if (wait_for_group(w, e))
			return -1;
	}
	return 0;
}

/* As a shell says it, and tini. */
static int not_started_status(const struct err *why)
{
	return why->kind == ERR_KIND_NOT_FOUND ? 127 : why->kind == ERR_KIND_DENIED ? 126 : 0;
}

/* Without one the process group and the reaping of orphans find everyone whom we may send a signal to. */
static void open_cgroup(struct cgroup *out)
{
	struct err why = ERR_INIT;
	if (cgroup_open(out, &why) != 0)
		log_debug("the command gets no control group: %s", why.msg);
}

int supervise_run(const struct proc_spawn *how, int signal_fd, const struct supervise_times *times,
                  struct supervise_result *out, struct err *e)
{
	AUTO(cgroup_close) struct cgroup cgroup;
	struct proc_spawn spawn = *how;
	struct proc child;
	memset(out, 0, sizeof(*out));
	open_cgroup(&cgroup);
	spawn.cgroup = &cgroup;
	if (proc_start(&spawn, &child, e)) {
		out->status = not_started_status(e);
		return -1;
	}
	FD_AUTO pidfd = child.pidfd;
	(void)pidfd;
	struct watch w = {
		.child = child.pid,
		.signal_fd = signal_fd,
		.cgroup = &cgroup,
		.grace_ms = times->grace_ms,
		.limit_at_ms = times->limit_ms > 0 ? sys_monotonic_ms() + times->limit_ms : -1,
		.kill_at_ms = -1,
		.out = out,
	};
	/* The child may have ended before the first wait: its SIGCHLD is pending in the descriptor. */
	while (!w.ended) {
		if (turn(&w, e))
			return -1;
	}
	proc_take_terminal();
	return end_leftovers(&w, e) != 0 ? -1 : supervise_rest_end(times->spared, &cgroup, e);
}
