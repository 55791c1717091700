/* PID 1's duties around one command. */
#include "ws/supervise.h"

#include <signal.h>
#include <string.h>

#include "os/file.h"
#include "os/group.h"
#include "os/log.h"
#include "os/signals.h"
#include "os/sys.h"
#include "ws/supervise_hold.h"
#include "ws/supervise_rest.h"
#include "ws/supervise_save.h"

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
	bool told_paused;
	const struct cgroup *cgroup;
	const struct supervise_how *how;
	struct supervise_hold hold;
	struct supervise_save save;
	struct supervise_result *out;
};

static const struct cgroup no_cgroup = { .parent_fd = -1, .fd = -1 };

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

static void tell(const struct watch *w, enum supervise_what what)
{
	const struct supervise_event event = { .what = what };
	if (w->how->tell)
		w->how->tell(w->how->ctx, &event);
}

/* What is held can't end. */
static void end(struct watch *w, int number)
{
	supervise_save_stop(&w->save);
	send(w, number);
	supervise_hold_set(&w->hold, false, false);
}

/* The first reason to end counts for the KILL. */
static void kill_later(struct watch *w)
{
	w->limit_at_ms = -1;
	if (w->grace_ms >= 0 && w->kill_at_ms < 0)
		w->kill_at_ms = sys_monotonic_ms() + w->grace_ms;
}

static void stop(struct watch *w, int number)
{
	if (!w->out->terminated) {
		w->out->terminated = true;
		w->out->terminated_at_ms = sys_monotonic_ms();
		kill_later(w);
	}
	end(w, number);
}

static void cancel(struct watch *w)
{
	stop(w, SIGTERM);
	if (!w->out->cancelled)
		tell(w, SUPERVISE_CANCELLED);
	w->out->cancelled = true;
}

/* What is being saved goes on when that is done. */
static void resume(struct watch *w)
{
	bool was_stopped =
		w->hold.is_held && !w->hold.by_cgroup; /* gets its CONT by being let go */
	supervise_hold_set(&w->hold, false, w->hold.saving);
	if (!was_stopped)
		send(w, SIGCONT);
}

/* A group without a shell above it can't be suspended by what can be caught: the kernel ignores it there. */
static void forward(struct watch *w, int number)
{
	if (asks_to_stop(number))
		stop(w, number);
	else if (suspends(number))
		supervise_hold_set(&w->hold, true, w->hold.saving);
	else if (number == SIGCONT)
		resume(w);
	else
		send(w, number);
}

static void take(struct watch *w, int number, uint64_t word)
{
	if (number == SIGTERM && word == SUPERVISE_WORD_CANCEL)
		cancel(w);
	else if (number == SIGURG && word == SUPERVISE_WORD_SAVE)
		supervise_save_ask(&w->save);
	else if (number != SIGCHLD)
		forward(w, number);
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

/* The limit's time, or the KILL's. They are never both set. */
static int64_t end_time(const struct watch *w)
{
	return w->limit_at_ms >= 0 ? w->limit_at_ms : w->kill_at_ms;
}

static void look_at_time(struct watch *w)
{
	int64_t at_ms = end_time(w);
	if (at_ms < 0 || sys_monotonic_ms() < at_ms)
		return;
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

static int64_t earlier(int64_t a_ms, int64_t b_ms)
{
	return a_ms < 0 || (b_ms >= 0 && b_ms < a_ms) ? b_ms : a_ms;
}

static int wait_for_something(struct watch *w, struct err *e)
{
	int64_t until_ms = earlier(end_time(w), supervise_save_time(&w->save));
	if (supervise_save_is_running(&w->save))
		return supervise_save_wait(&w->save, w->signal_fd, until_ms, e);
	return signals_wait(w->signal_fd, until_ms, e) < 0 ? -1 : 0;
}

/* Who saves has the record for himself. */
static void tell_pause(struct watch *w)
{
	if (w->told_paused == w->hold.paused || supervise_save_is_running(&w->save))
		return;
	w->told_paused = w->hold.paused;
	tell(w, w->told_paused ? SUPERVISE_PAUSED : SUPERVISE_RESUMED);
}

/* One turn: wait for a signal or a time, pass signals on, reap. */
static int turn(struct watch *w, struct err *e)
{
	int number;
	uint64_t word;
	if (wait_for_something(w, e) != 0)
		return -1;
	while ((number = signals_read(w->signal_fd, &word, e)) > 0)
		take(w, number, word);
	if (number < 0)
		return -1;
	look_at_time(w);
	tell_pause(w);
	if (reap_all(w, e) != 0)
		return -1;
	if (!w->ended)
		supervise_save_look(&w->save);
	return 0;
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

static int run(struct watch *w, struct err *e)
{
	while (!w->ended) {
		if (turn(w, e) != 0)
			return -1;
	}
	return 0;
}

int supervise_run(const struct proc_spawn *spawn, int signal_fd, const struct supervise_how *how,
                  struct supervise_result *out, struct err *e)
{
	struct proc child;
	memset(out, 0, sizeof(*out));
	if (proc_start(spawn, &child, e)) {
		out->status = not_started_status(e);
		return -1;
	}
	FD_AUTO pidfd = child.pidfd;
	(void)pidfd;
	struct watch w = {
		.child = child.pid,
		.signal_fd = signal_fd,
		.cgroup = spawn->cgroup ? spawn->cgroup : &no_cgroup,
		.grace_ms = how->grace_ms,
		.limit_at_ms = how->limit_ms > 0 ? sys_monotonic_ms() + how->limit_ms : -1,
		.kill_at_ms = -1,
		.how = how,
		.out = out,
	};
	w.hold = (struct supervise_hold){ .child = child.pid, .cgroup = w.cgroup };
	supervise_save_init(&w.save, how, &w.hold);
	/* The child may have ended before the first wait: its SIGCHLD is pending in the descriptor. */
	int ran = run(&w, e);
	/* Its descendants can only end when they are let go. */
	supervise_save_stop(&w.save);
	supervise_hold_set(&w.hold, false, false);
	if (ran != 0)
		return -1;
	proc_take_terminal();
	return end_leftovers(&w, e) != 0 ? -1 : supervise_rest_end(how->spared, w.cgroup, e);
}
