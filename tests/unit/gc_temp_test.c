/* gc_temp: what writers left is removed when it is old and ours, and nobody has it; a live one never is. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gc/gc_temp.h"
#include "tests/unit/gc_place.h"

/* A writer that has `path` open. */
static pid_t start_writer(int dirfd, const char *path)
{
	int ready[2];
	char byte;
	if (pipe(ready) != 0)
		return -1;
	pid_t pid = fork();
	if (pid == 0) {
		bool ok = openat(dirfd, path, O_WRONLY) >= 0 && write(ready[1], "x", 1) == 1;
		while (ok)
			pause();
		_exit(1);
	}
	close(ready[1]);
	pid_t result = read(ready[0], &byte, 1) == 1 ? pid : -1;
	close(ready[0]);
	return result;
}

static void end_writer(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static const char *const left[] = {
	".ws-tmp-aaaaaaaa0",
	".ws/.ws-tmp-aaaaaaaa1",
	".ws/one/.ws-tmp-aaaaaaaa2",
	".ws/store/.ws-tmp-aaaaaaaa3",
	".ws/store/tasks/deep/.ws-tmp-aaaaaaaa4",
};

/* What an agent made, or nobody knows. */
static const char *const not_ours[] = {
	"one/.ws-tmp-aaaaaaaaa",           ".ws/trash/9.two.000000001/.ws-tmp-aaaaaaaaa",
	".ws/spool/one/.ws-tmp-aaaaaaaaa", ".ws/store/.ws-tmp-mine",
	".ws/store/.ws-tmp-AAAAAAAAA",     ".ws/store/ws-tmp-aaaaaaaaa",
};

static void make_left(struct place *p)
{
	static const char *const directories[] = { ".ws/trash/9.two.000000001",
		                                   ".ws/spool",
		                                   ".ws/spool/one",
		                                   ".ws/store",
		                                   ".ws/store/tasks",
		                                   ".ws/store/tasks/deep",
		                                   ".ws/store/.ws-tmp-directory" };
	place_open(p);
	make_idle(p, "one");
	make_record(p, "one", RECORD_READY, 0); /* is not taken itself */
	make_area(p, "trash", "9.two.000000001");
	for (size_t i = 0; i < COUNTOF(directories); i++)
		scratch_dir(p->base.fd, directories[i]);
	for (size_t i = 0; i < COUNTOF(left); i++)
		scratch_file(p->base.fd, left[i], "half a file");
	for (size_t i = 0; i < COUNTOF(not_ours); i++)
		scratch_file(p->base.fd, not_ours[i], "somebody's");
	scratch_dir(p->base.fd, ".ws/store/.ws-tmp-bbbbbbbbb");
	scratch_link(p->base.fd, ".ws/store/.ws-tmp-ccccccccc", "../one");
}

static struct gc_options quiet(struct place *p)
{
	struct gc_options o = seven_days(p);
	o.trash_ttl_ms = 100 * (int64_t)DAY;
	return o;
}

/* Do all that the plan says; how many were cleaned. */
static size_t run(struct collection *c, struct gc_done *done)
{
	struct err e = ERR_INIT;
	memset(done, 0, sizeof(*done));
	for (size_t i = 0; i < c->plan.count; i++) {
		struct gc_item *item = &c->plan.items[i];
		if (item->action == GC_CLEAN && gc_execute(c->gc, item, done, &e) != 0)
			tap_note("%s", e.msg);
	}
	return done->cleaned;
}

static void test_old_ones(void)
{
	PLACE_AUTO p;
	struct gc_done done;
	make_left(&p);
	struct lock lock = take_lock(&p, "one");
	lock_release(&lock);
	set_mtime(p.base.ws_fd, "one/lock", 5000);
	const struct gc_options o = quiet(&p);
	COLLECTION_AUTO c;
	TAP_OK(collection_open(&c, &p, &o), "a plan is made");
	for (size_t i = 0; i < COUNTOF(left); i++) {
		const struct gc_item *item = item_named(&c, left[i]);
		TAP_OK(item && item->action == GC_CLEAN && item->reason == GC_REASON_LEFTOVER,
		       "%s is to go", left[i]);
	}
	TAP_INT((int)run(&c, &done), (int)COUNTOF(left), "all of them go");
	for (size_t i = 0; i < COUNTOF(left); i++)
		TAP_OK(!scratch_has(p.base.fd, left[i]), "%s is away", left[i]);
	TAP_OK(done.freed_bytes > 0, "and what they held is counted as freed");
	for (size_t i = 0; i < COUNTOF(not_ours); i++)
		TAP_OK(scratch_has(p.base.fd, not_ours[i]), "%s stays", not_ours[i]);
	TAP_OK(scratch_has(p.base.fd, ".ws/store/.ws-tmp-bbbbbbbbb"), "a directory stays");
	TAP_INT(gc_look_lock_ms(&p.base, "one"), 5000, "that it was there is no use of one");
}

static void test_young_ones(void)
{
	static const struct {
		int64_t age_ms;
		bool goes;
	} rows[] = { { 0, false }, { HOUR - 5000, false }, { HOUR + 5000, true } };
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		PLACE_AUTO p;
		struct gc_done done;
		make_left(&p);
		for (size_t k = 0; k < COUNTOF(left); k++)
			set_mtime(p.base.fd, left[k], 5000); /* a copy has its source's */
		sys_fake_clock(p.now_ms - 10 * (int64_t)DAY + rows[i].age_ms);
		const struct gc_options o = quiet(&p);
		COLLECTION_AUTO c;
		TAP_OK(collection_open(&c, &p, &o), "a plan is made");
		TAP_INT((int)run(&c, &done), rows[i].goes ? (int)COUNTOF(left) : 0,
		        "after %lld s they %s", (long long)rows[i].age_ms / 1000,
		        rows[i].goes ? "go" : "stay, whatever their mtime says");
		TAP_OK((item_named(&c, left[1]) != NULL) == rows[i].goes,
		       "and those that stay are no part of the plan");
	}
}

static void test_open_ones(void)
{
	for (size_t i = 0; i < COUNTOF(left); i++) {
		PLACE_AUTO p;
		struct gc_done done;
		make_left(&p);
		pid_t pid = start_writer(p.base.fd, left[i]);
		const struct gc_options o = quiet(&p);
		COLLECTION_AUTO c;
		TAP_OK(collection_open(&c, &p, &o), "a plan is made");
		const struct gc_item *item = item_named(&c, left[i]);
		TAP_OK(item && item->action == GC_KEEP && item->reason == GC_REASON_BUSY &&
		               strncmp(item->detail, "open file of pid ", 17) == 0,
		       "a writer that is at %s keeps it: %s", left[i], item ? item->detail : "");
		TAP_OK(run(&c, &done) == COUNTOF(left) - 1 && scratch_has(p.base.fd, left[i]),
		       "and it alone");
		end_writer(pid);
	}
}

static void test_late_writers(void)
{
	PLACE_AUTO p;
	struct gc_done done;
	make_left(&p);
	const struct gc_options o = quiet(&p);
	COLLECTION_AUTO c;
	TAP_OK(collection_open(&c, &p, &o), "a plan is made");
	pid_t pid = start_writer(p.base.fd, left[0]);
	set_mtime(p.base.fd, left[1], p.now_ms);
	LOCK_AUTO lock = take_lock(&p, "one");
	(void)!unlinkat(p.base.fd, left[3], 0);
	TAP_OK(run(&c, &done) == 1 && done.left_alone == 4 && !scratch_has(p.base.fd, left[4]),
	       "what is opened, written, locked or gone since the plan is left alone: %s",
	       p.notice);
	TAP_OK(scratch_has(p.base.fd, left[0]) && scratch_has(p.base.fd, left[1]) &&
	               scratch_has(p.base.fd, left[2]),
	       "and stays");
	end_writer(pid);
}

static void test_locks_and_clocks(void)
{
	PLACE_AUTO p;
	make_left(&p);
	{
		LOCK_AUTO lock = take_lock(&p, "one");
		const struct gc_options o = quiet(&p);
		COLLECTION_AUTO c;
		TAP_OK(collection_open(&c, &p, &o) && item_named(&c, left[2]) &&
		               item_named(&c, left[2])->reason == GC_REASON_LOCKED,
		       "while its workspace is locked a record's file stays");
	}
	const struct gc_backoff none = { .passes = 0 };
	gc_clock_note(&p.base, &none);
	sys_fake_clock(p.now_ms + HOUR);
	const struct gc_options o = quiet(&p);
	COLLECTION_AUTO c;
	struct gc_done done;
	TAP_OK(collection_open(&c, &p, &o) && run(&c, &done) == 0 &&
	               item_named(&c, left[1])->reason == GC_REASON_CLOCK,
	       "when the clock jumped nobody knows how old they are");
}

int main(void)
{
	test_old_ones();
	test_young_ones();
	test_open_ones();
	test_late_writers();
	test_locks_and_clocks();
	return tap_done();
}
