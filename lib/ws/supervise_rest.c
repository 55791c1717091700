/* Daemons of the command: ended before the save. */
#include "ws/supervise_rest.h"

#include "os/log.h"
#include "os/proc_children.h"
#include "os/signals.h"
#include "os/sys.h"

enum {
	CHILDREN_MAX = 512, /* at one look: more are found at the next one */
	TERM_MS = 1000,
	KILL_MS = 2000, /* for what the kernel takes its time with */
	LOOK_MS = 10,
};

struct rest {
	int32_t spared;
	const struct cgroup *cgroup;
	int32_t pids[CHILDREN_MAX];
	size_t count;
};

static int reap(struct err *e)
{
	struct signals_child dead;
	int got;
	while ((got = signals_reap(&dead, e)) == 1)
		continue;
	return got;
}

/* The dead are none of those who are left. */
static void look(struct rest *r)
{
	size_t kept = 0;
	struct err why = ERR_INIT;
	if (proc_children_list(r->pids, CHILDREN_MAX, &r->count, &why) != 0) {
		log_warn("what the command left running can't be seen: %s", why.msg);
		r->count = 0;
	}
	for (size_t i = 0; i < r->count; i++) {
		if (r->pids[i] != r->spared)
			r->pids[kept++] = r->pids[i];
	}
	r->count = kept;
}

static bool was_told(const int32_t *told, size_t count, int32_t pid)
{
	for (size_t i = 0; i < count; i++) {
		if (told[i] == pid)
			return true;
	}
	return false;
}

/* To those who have not got it yet; a TERM twice could be taken for "at once". */
static void tell(const struct rest *r, bool at_once, int32_t told[CHILDREN_MAX], size_t *count)
{
	for (size_t i = 0; i < r->count; i++) {
		if (was_told(told, *count, r->pids[i]))
			continue;
		proc_children_end(r->pids[i], at_once);
		if (*count < CHILDREN_MAX)
			told[(*count)++] = r->pids[i];
	}
}

/* 1 none is left, 0 time is up, -1. */
static int end_with(struct rest *r, bool at_once, int64_t for_ms, struct err *e)
{
	int32_t told[CHILDREN_MAX];
	size_t count = 0;
	int64_t until_ms = sys_monotonic_ms() + for_ms;
	for (;;) {
		look(r);
		bool over = r->count == 0 && !cgroup_is_populated(r->cgroup);
		/* After both looks, so that nobody who had died by then stays behind. */
		if (reap(e) != 0)
			return -1;
		if (over)
			return 1;
		if (sys_monotonic_ms() >= until_ms)
			return 0;
		tell(r, at_once, told, &count);
		sys_sleep_ms(LOOK_MS);
	}
}

int supervise_rest_end(int32_t spared, const struct cgroup *cgroup, struct err *e)
{
	struct rest r = { .spared = spared, .cgroup = cgroup };
	int ended = end_with(&r, false, TERM_MS, e);
	if (ended == 0) {
		cgroup_kill(cgroup);
		ended = end_with(&r, true, KILL_MS, e);
	}
	if (ended == 0)
		log_warn(
			"%zu processes of the command can't be ended; what they write during the save "
			"may be missing from it",
			r.count);
	return ended < 0 ? -1 : 0;
}
