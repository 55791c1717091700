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
#include "tests/unit/gc_place.h"

enum { SWAPS_DEFAULT = 20000, BATCH = 8, FILES = 8 };

struct race {
	struct scratch dir; /* canary, evil, base */
	char base[96];
	bool may_mount;
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
		long rc = syscall(SYS_renameat2, dirfd, name, r->dir.fd, "evil",
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
	snprintf(canary, sizeof(canary), "%s/canary", r->dir.path);
	snprintf(target, sizeof(target), "/proc/self/fd/%d/%s", dirfd, name);
	if (!r->may_mount || mount(canary, target, NULL, MS_BIND, NULL) != 0)
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
		FD_AUTO base = open(r->base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (base >= 0)
			attack(r, base);
		pthread_mutex_unlock(&r->turn);
		while (atomic_load(&r->wanted))
			sched_yield();
	}
	return NULL;
}

/* ---- the victim ---- */

static void make_workspace(struct race *r, const struct base_dir *b)
{
	struct record record;
	struct err e = ERR_INIT;
	char path[64];
	record_init(&record, "one");
	record.state = RECORD_READY;
	record.ephemeral = true;
	js_set_text(record.labels, "class", "sensitive"); /* deleted at once */
	if (record_save(b, &record, &e) != 0)
		printf("Bail out! %s\n", e.msg);
	record_free(&record);
	scratch_dir(b->fd, "one");
	scratch_dir(b->fd, "one/a");
	scratch_dir(b->fd, "one/a/b");
	for (int i = 0; i < FILES; i++) {
		snprintf(path, sizeof(path), "one/%s%s%d", i % 2 ? "a/" : "",
		         i % 4 == 3 ? "b/" : "", i);
		scratch_file(b->fd, path, "x");
	}
	scratch_link(r->dir.fd, "evil", "canary");
}

/* Whatever became of it goes: unmounted, and away. The attacker waits. */
static void clear(struct race *r)
{
	struct err e = ERR_INIT;
	static const char *const names[] = { "evil", "base" };
	for (size_t i = 0; i < COUNTOF(names); i++) {
		err_clear(&e);
		if (remove_tree(r->dir.fd, names[i], NULL, &e) != 0)
			tap_note("%s", e.msg);
	}
}

static void collect(struct race *r, const struct base_dir *b)
{
	static const struct gc_rule rule = { .name = "", .limits = { .set_older = true } };
	const struct gc_options o = { .policy = { .rules = &rule, .rule_count = 1 }, .jobs = 1 };
	struct err e = ERR_INIT;
	struct gc_done done = { .trashed = 0 };
	AUTO(gc_close_auto) struct gc *g = NULL;
	AUTO(gc_plan_free) struct gc_plan plan = { .items = NULL };
	if (gc_open(b, &o, &g, &e) != 0 || gc_make_plan(g, &plan, &e) != 0)
		return;
	for (size_t i = 0; i < plan.count; i++) {
		err_clear(&e);
		int ignored = gc_execute(g, &plan.items[i], &done, &e);
		(void)ignored;
	}
	r->taken += (long)done.purged;
}

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
	clear(r);
	bool made = base_dir_open(r->base, true, &b, &e) == 0;
	if (made)
		make_workspace(r, &b);
	pthread_mutex_unlock(&r->turn);
	if (made && r->rounds % 2 == 0)
		collect(r, &b);
	else if (made)
		delete (r, &b);
	r->rounds++;
}

/* ---- the canary ---- */

struct canary {
	struct stat dir, file, deep;
	char text[32];
};

static void look(struct race *r, struct canary *c)
{
	memset(c, 0, sizeof(*c));
	FD_AUTO fd = openat(r->dir.fd, "canary/file", O_RDONLY | O_CLOEXEC);
	bool ok = fstatat(r->dir.fd, "canary", &c->dir, AT_SYMLINK_NOFOLLOW) == 0 &&
	          fstatat(r->dir.fd, "canary/file", &c->file, AT_SYMLINK_NOFOLLOW) == 0 &&
	          fstatat(r->dir.fd, "canary/b/deep", &c->deep, AT_SYMLINK_NOFOLLOW) == 0 &&
	          read(fd, c->text, sizeof(c->text) - 1) > 0;
	if (!ok)
		memset(c, 0xff, sizeof(*c));
}

static bool same_stat(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_mode == b->st_mode && a->st_nlink == b->st_nlink &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static bool same(const struct canary *a, const struct canary *b)
{
	return same_stat(&a->dir, &b->dir) && same_stat(&a->file, &b->file) &&
	       same_stat(&a->deep, &b->deep) && strcmp(a->text, b->text) == 0;
}

/* A tmpfs in a mount namespace of its own, where that is allowed: fast, and gone with us. */
static void prepare(struct race *r)
{
	r->may_mount = unshare(CLONE_NEWNS) == 0 &&
	               mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
	scratch_open(&r->dir);
	if (r->may_mount && mount("tmpfs", r->dir.path, "tmpfs", 0, NULL) == 0) {
		close(r->dir.fd);
		r->dir.fd = open(r->dir.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	snprintf(r->base, sizeof(r->base), "%s/base", r->dir.path);
	scratch_dir(r->dir.fd, "canary");
	scratch_dir(r->dir.fd, "canary/b");
	scratch_file(r->dir.fd, "canary/file", "canary");
	scratch_file(r->dir.fd, "canary/b/deep", "canary");
	scratch_file(r->dir.fd, "canary/0", "canary");
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
	prepare(&r);
	look(&r, &before);
	sys_fake_clock(sys_now_ms() + 10 * (int64_t)DAY);
	pthread_create(&thread, NULL, attacker, &r);
	while (atomic_load(&r.swaps) < wanted)
		one_round(&r);
	atomic_store(&r.over, true);
	pthread_join(thread, NULL);
	look(&r, &after);
	tap_note("%ld swaps, %ld of them mounts, in %ld rounds: %ld collected, %ld deleted",
	         atomic_load(&r.swaps), atomic_load(&r.mounts), r.rounds, r.taken, r.deleted);
	TAP_OK(same(&before, &after), "after %ld swaps nothing outside was touched", wanted);
	TAP_OK(r.deleted > 0, "while directories were deleted all the same");
	clear(&r);
	if (r.may_mount)
		umount2(r.dir.path, MNT_DETACH);
	scratch_close(&r.dir);
	return tap_done();
}
