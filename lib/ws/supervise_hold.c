/* Frozen by its control group, or stopped by a signal. */
#include "ws/supervise_hold.h"

#include <signal.h>

#include "os/log.h"
#include "os/signals.h"
#include "os/sys.h"

enum {
	STAND_MS = 500, /* for what the kernel can't hold at once: it waits for a disk */
	LOOK_MS = 1,
};

static void send(const struct supervise_hold *h, int number)
{
	struct err why = ERR_INIT;
	if (signals_send_group(h->child, number, &why) != 0)
		log_warn("the command can't be held where it is: %s", why.msg);
}

/* Whoever left the process group is held, too. A command that could not join its group lives in none. */
static bool freeze(const struct supervise_hold *h)
{
	int64_t until_ms = sys_monotonic_ms() + STAND_MS;
	if (!cgroup_is_populated(h->cgroup) || cgroup_freeze(h->cgroup, true) != 0)
		return false;
	while (!cgroup_is_frozen(h->cgroup) && sys_monotonic_ms() < until_ms)
		sys_sleep_ms(LOOK_MS);
	if (!cgroup_is_frozen(h->cgroup))
		log_warn("a part of the command can't be held where it is: it waits for a disk");
	return true;
}

static void hold(struct supervise_hold *h)
{
	h->by_cgroup = freeze(h);
	if (!h->by_cgroup)
		send(h, SIGSTOP);
}

static void let_go(struct supervise_hold *h)
{
	if (h->by_cgroup && cgroup_freeze(h->cgroup, false) != 0)
		log_warn("the command's control group can't be let go");
	if (!h->by_cgroup)
		send(h, SIGCONT);
}

void supervise_hold_set(struct supervise_hold *h, bool paused, bool saving)
{
	bool wanted = paused || saving;
	h->paused = paused;
	h->saving = saving;
	if (wanted == h->is_held)
		return;
	h->is_held = wanted;
	if (wanted)
		hold(h);
	else
		let_go(h);
}
