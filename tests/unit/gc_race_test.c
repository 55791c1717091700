/* An attacker swaps the directories of a workspace for links and mounts while it is collected: nothing outside is touched.
 * WS_RACE is the number of swaps (make fault: ten million). */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/num.h"
#include "gc/gc_internal.h"
#include "os/remove_idle.h"
#include "tests/unit/gc_canary.h"

enum { SWAPS_DEFAULT = 20000, BATCH = 8, ROUNDS_MAX = 1000 };

struct race {
	struct victim v;
	pthread_mutex_t
		turn; /* held by the attacker for a batch, and by the victim while it makes a new workspace */
	atomic_long swaps, mounts;
	atomic_bool over, wanted; /* the victim waits for its turn */
	long rounds, taken, deleted, attacks;
};

/* ---- the attacker ---- */

static void exchange(struct race *r, int dirfd, const char *name)
{
	for (int i = 0; i < 2; i++) {
		long rc = syscall(SYS_renameat2, dirfd, name, r->v.dir.fd, "evil",
		                  2 /* RENAME_EXCHANGE */);
		if (i == 0 && rc != 0)
			return;
		/* While it is swapped the victim has its chance. */
		if (i == 0 && atomic_fetch_add(&r->swaps, 1) % 16 == 0)
			sched_yield();
	}
}

static void mount_over(struct race *r, int dirfd, const char *name)
{
	char canary[128], target[64];
	snprintf(canary, sizeof(canary), "%s/canary", r->v.dir.path);
	snprintf(target, sizeof(target), "/proc/self/fd/%d/%s", dirfd, name);
	if (!r->v.may_mount || mount(canary, target, NULL, MS_BIND, NULL) != 0)
		return;
	atomic_fetch_add(&r->mounts, 1);
	atomic_fetch_add(&r->swaps, 1);
	sched_yield();
	umount2(target, MNT_DETACH);
}

/* Descriptors that an agent holds of its own directories stay good wherever they are moved to. */
static void attack(struct race *r, int base)
{
	FD_AUTO one = openat(base, "one", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	FD_AUTO a =
		one < 0 ? -1 : openat(one, "a", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	for (int i = 0; i < BATCH; i++) {
		exchange(r, base, "one");
		if (one >= 0)
			exchange(r, one, "a");
		if (a >= 0)
			exchange(r, a, "b");
	}
	/* A mount takes a hundred times as long as a rename. */
	if (++r->attacks % 4 != 0)
		return;
	if (a >= 0)
		mount_over(r, a, "b");
	if (one >= 0)
		mount_over(r, one, "a");
}

static void *attacker(void *arg)
{
	struct race *r = arg;
	while (!atomic_load(&r->over)) {
		pthread_mutex_lock(&r->turn);
		FD_AUTO base = open(r->v.base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (base >= 0)
			attack(r, base);
		pthread_mutex_unlock(&r->turn);
		while (atomic_load(&r->wanted))
			sched_yield();
	}
	return NULL;
}

/* ---- the victim ---- */

/* The collector itself leaves alone what changes under its eyes. So the attacker gets a chance at the deletion, too. */
static void delete (struct race *r, const struct base_dir *b)
{
	char name[256];
	struct err e = ERR_INIT;
	struct remove_stats stats = { .entries = 0 };
	FD_AUTO trash = -1;
	if (base_dir_set_aside(b, b->fd, "one", "trash", "one", name, &e) != 0 ||
	    base_dir_area(b, "trash", &trash, &e) != 0)
		return;
	int result = r->rounds % 4 == 1 ? remove_idle_tree(trash, name, &stats, &e)
	                                : remove_tree(trash, name, &stats, &e);
	r->deleted += result == 0 && stats.entries > 1;
}

static void one_round(struct race *r)
{
	BASE_DIR_AUTO b = { .fd = -1, .ws_fd = -1 };
	struct err e = ERR_INIT;
	atomic_store(&r->wanted, true);
	pthread_mutex_lock(&r->turn);
	atomic_store(&r->wanted, false);
	victim_clear(&r->v);
	bool made = base_dir_open(r->v.base, true, &b, &e) == 0;
	if (made)
		victim_make(&r->v, &b);
	pthread_mutex_unlock(&r->turn);
	if (made && r->rounds % 2 == 0)
		r->taken += victim_collect(&b);
	else if (made)
		delete (r, &b);
	r->rounds++;
}

int main(void)
{
	static struct race r = { .turn = PTHREAD_MUTEX_INITIALIZER };
	struct canary before, after;
	const char *text = getenv("WS_RACE");
	struct err ignored = ERR_INIT;
	uint64_t number = SWAPS_DEFAULT;
	if (text && num_parse_u64(str_of(text), &number, &ignored) != 0)
		return 1;
	long wanted = (long)number;
	pthread_t thread;
	victim_open(&r.v);
	canary_look(&r.v, &before);
	sys_fake_clock(sys_now_ms() + 10 * (int64_t)DAY);
	pthread_create(&thread, NULL, attacker, &r);
	while (atomic_load(&r.swaps) < wanted || (r.deleted == 0 && r.rounds < ROUNDS_MAX))
		one_round(&r);
	atomic_store(&r.over, true);
	pthread_join(thread, NULL);
	canary_look(&r.v, &after);
	tap_note("%ld swaps, %ld of them mounts, in %ld rounds: %ld collected, %ld deleted",
	         atomic_load(&r.swaps), atomic_load(&r.mounts), r.rounds, r.taken, r.deleted);
	TAP_OK(canary_same(&before, &after), "after %ld swaps nothing outside was touched", wanted);
	TAP_OK(r.deleted > 0, "while directories were deleted all the same");
	victim_close(&r.v);
	return tap_done();
}
