/* Saves while the command runs: it stands still meanwhile, and goes on whatever comes of them. */
#include "ws/supervise_save.h"

#include "os/sys.h"

enum {
	ASKED_MS = 10 * 60 * 1000, /* for one that is asked for, where none comes by the clock */
	TIME_MIN_MS = 2000,        /* for one, however short the time between two */
};

/* What keeps a save for ever, a file system that the command itself serves, must not keep the command. */
static int64_t time_for_one(const struct supervise_how *how)
{
	int64_t every_ms = how->save_every_ms;
	return every_ms <= 0 ? ASKED_MS : every_ms > TIME_MIN_MS ? every_ms : TIME_MIN_MS;
}

static int64_t next_due(const struct supervise_save *s)
{
	return s->how->save && s->how->save_every_ms > 0 && !s->is_over
	               ? sys_monotonic_ms() + s->how->save_every_ms
	               : -1;
}

void supervise_save_init(struct supervise_save *s, const struct supervise_how *how,
                         struct supervise_hold *hold)
{
	*s = (struct supervise_save){ .how = how, .hold = hold };
	s->task = (struct proc_task){ .proc.pidfd = -1, .err_fd = -1 };
	s->due_ms = next_due(s);
}

bool supervise_save_is_running(const struct supervise_save *s)
{
	return s->task.proc.pid > 0;
}

void supervise_save_ask(struct supervise_save *s)
{
	s->is_asked = s->how->save && !s->is_over;
}

int64_t supervise_save_time(const struct supervise_save *s)
{
	if (supervise_save_is_running(s))
		return s->until_ms;
	return s->is_asked ? sys_monotonic_ms() : s->due_ms;
}

/* Told before the command goes on: what it is told of is then in the record, whatever the command does next. */
static void done(struct supervise_save *s, const struct err *why)
{
	const struct supervise_event event = {
		.what = why ? SUPERVISE_NOT_SAVED : SUPERVISE_SAVED,
		.why = why,
	};
	s->how->tell(s->how->ctx, &event);
	s->is_current = !why && s->hold->paused;
	/* Each further one would leave another copy beside the state that somebody else stored. */
	s->due_ms = why && why->kind == ERR_KIND_CONFLICT ? -1 : next_due(s);
	supervise_hold_set(s->hold, s->hold->paused, false);
}

static void begin(struct supervise_save *s)
{
	struct err why = ERR_INIT;
	const struct supervise_event event = { .what = SUPERVISE_SAVING };
	s->is_asked = false;
	supervise_hold_set(s->hold, s->hold->paused, true);
	s->until_ms = sys_monotonic_ms() + time_for_one(s->how);
	s->how->tell(s->how->ctx, &event);
	if (proc_fork_task(s->how->save, s->how->ctx, &s->task, &why) != 0)
		done(s, &why);
}

static void give_up(struct supervise_save *s, const char *why_text)
{
	struct err why = ERR_INIT;
	proc_kill_task(&s->task);
	err_set(&why, ERR_KIND_TRY_AGAIN, "%s", why_text);
	done(s, &why);
}

void supervise_save_look(struct supervise_save *s)
{
	int64_t at_ms = supervise_save_time(s);
	s->is_current = s->is_current && s->hold->paused;
	if (at_ms < 0 || sys_monotonic_ms() < at_ms)
		return;
	if (supervise_save_is_running(s))
		give_up(s, "it takes longer than the time between two saves");
	else if (s->is_current && !s->is_asked)
		s->due_ms = next_due(s); /* it stands still: there is nothing new */
	else
		begin(s);
}

int supervise_save_wait(struct supervise_save *s, int signal_fd, int64_t until_ms, struct err *e)
{
	struct err why = ERR_INIT;
	int result = -1;
	int ended = proc_wait_task(&s->task, until_ms, signal_fd, &result, &why);
	if (ended < 0) {
		*e = why;
		return -1;
	}
	if (ended > 0)
		done(s, result == 0 ? NULL : &why);
	return 0;
}

void supervise_save_stop(struct supervise_save *s)
{
	s->is_over = true;
	s->is_asked = false;
	s->due_ms = -1;
	if (supervise_save_is_running(s))
		give_up(s, "the command is to end");
}
