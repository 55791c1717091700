/* Locks between processes. */
#include "os/lock.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "os/sys.h"
#include "scratch.h"
#include "seccomp.h"
#include "tap.h"

static void test_take_and_probe(void)
{
	SCRATCH_AUTO s;
	scratch_open(&s);
	struct err e = ERR_INIT;
	char holder[LOCK_HOLDER_MAX];
	TAP_INT(lock_probe(s.fd, "lock", holder, &e), 0, "a lock that was never taken is free");
	TAP_OK(!scratch_has(s.fd, "lock"), "and asking does not make the file");
	LOCK_AUTO mine = LOCK_NONE;
	LOCK_AUTO other = LOCK_NONE;
	TAP_OK(lock_take(s.fd, "lock", 0, &mine, &e) == 0, "it is taken: %s", e.msg);
	TAP_INT(lock_probe(s.fd, "lock", holder, &e), 1, "now it is held");
	char want[40];
	snprintf(want, sizeof(want), "pid %d start ", (int)getpid());
	TAP_OK(strncmp(holder, want, strlen(want)) == 0 && !strchr(holder, '\n'), "by us: %s",
	       holder);
	TAP_OK(lock_take(s.fd, "lock", 0, &other, &e) != 0 && e.kind == ERR_KIND_TRY_AGAIN &&
	               e.retryable,
	       "nobody else gets it");
	TAP_OK(strstr(e.msg, want), "and the message says who has it: %s", e.msg);
	err_clear(&e);
	int64_t started_ms = sys_monotonic_ms();
	TAP_OK(lock_take(s.fd, "lock", 30, &other, &e) != 0 && e.kind == ERR_KIND_TRY_AGAIN,
	       "waiting ends");
	TAP_OK(sys_monotonic_ms() - started_ms >= 30, "not before the time is up");
	err_clear(&e);
	lock_release(&mine);
	lock_release(&mine);
	TAP_INT(lock_probe(s.fd, "lock", holder, &e), 0, "released, it is free");
	TAP_OK(lock_take(s.fd, "lock", 0, &other, &e) == 0, "asking leaves nothing behind");
}

static void test_bad_files(void)
{
	SCRATCH_AUTO s;
	scratch_open(&s);
	struct err e = ERR_INIT;
	LOCK_AUTO lock = LOCK_NONE;
	char holder[LOCK_HOLDER_MAX];
	scratch_link(s.fd, "link", "target");
	scratch_dir(s.fd, "dir");
	mkfifoat(s.fd, "fifo", 0600);
	static const char *const names[] = { "link", "dir", "fifo", "../lock", "" };
	for (size_t i = 0; i < COUNTOF(names); i++) {
		err_clear(&e);
		TAP_OK(lock_take(s.fd, names[i], 0, &lock, &e) != 0 && e.kind != ERR_KIND_TRY_AGAIN,
		       "\"%s\" is no lock file: %s", names[i], e.msg);
		err_clear(&e);
		TAP_INT(lock_probe(s.fd, names[i], holder, &e), -1, "nor can it be asked");
	}
	TAP_OK(!scratch_has(s.fd, "target"), "nothing is made behind a link");
}

struct waiter {
	int base;
	int rc;
	struct lock lock;
	struct err e;
};

static void *wait_for_lock(void *arg)
{
	struct waiter *w = arg;
	w->rc = lock_take(w->base, "lock", -1, &w->lock, &w->e);
	return NULL;
}

static void test_waiting(void)
{
	SCRATCH_AUTO s;
	scratch_open(&s);
	struct err e = ERR_INIT;
	struct lock mine;
	pthread_t thread;
	struct waiter waiter = { .base = s.fd, .rc = -1, .lock = LOCK_NONE, .e = ERR_INIT };
	TAP_OK(lock_take(s.fd, "lock", -1, &mine, &e) == 0, "a lock is held");
	pthread_create(&thread, NULL, wait_for_lock, &waiter);
	sys_sleep_ms(5);
	/* The waiter must end up with the lock that has the name, not with the old file. */
	renameat(s.fd, "lock", s.fd, "old");
	lock_release(&mine);
	pthread_join(thread, NULL);
	struct stat held, there;
	TAP_OK(waiter.rc == 0, "who waits without end gets it: %s", waiter.e.msg);
	TAP_OK(fstat(waiter.lock.fd, &held) == 0 && fstatat(s.fd, "lock", &there, 0) == 0 &&
	               held.st_ino == there.st_ino,
	       "on the file that has the name");
	lock_release(&waiter.lock);
}

static int hold_and_die(void *arg)
{
	struct lock lock;
	struct err e = ERR_INIT;
	if (lock_take(*(const int *)arg, "lock", 0, &lock, &e) != 0)
		return 1;
	raise(SIGKILL);
	return 2;
}

static int take_without_flock(void *arg)
{
	struct lock lock;
	struct err e = ERR_INIT;
	if (!seccomp_refuse(SYS_flock, ENOLCK))
		return 100;
	char holder[LOCK_HOLDER_MAX];
	if (lock_take(*(const int *)arg, "lock", 0, &lock, &e) == 0 || e.kind == ERR_KIND_TRY_AGAIN)
		return 1;
	err_clear(&e);
	return lock_probe(*(const int *)arg, "lock", holder, &e) == -1 ? 0 : 2;
}

static void test_processes(void)
{
	SCRATCH_AUTO s;
	scratch_open(&s);
	struct err e = ERR_INIT;
	char holder[LOCK_HOLDER_MAX];
	TAP_INT(scratch_fork(hold_and_die, &s.fd), -1, "a holder is killed");
	TAP_INT(lock_probe(s.fd, "lock", holder, &e), 0, "its lock is free at once");
	int rc = scratch_fork(take_without_flock, &s.fd);
	if (rc == 100)
		tap_skip("a file system that can't lock", "no seccomp filters here");
	else
		TAP_INT(rc, 0, "where nothing can be locked that is an error");
}

enum { COUNTS = 25 };

/* Processes count in a file, under the lock; without it they would lose counts. */
static int count_up(void *arg)
{
	int base = *(const int *)arg;
	for (int i = 0; i < COUNTS; i++) {
		LOCK_AUTO lock = LOCK_NONE;
		struct err e = ERR_INIT;
		if (lock_take(base, "lock", -1, &lock, &e) != 0)
			return 1;
		FD_AUTO fd = openat(base, "count", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		int count = 0;
		if (pread(fd, &count, sizeof(count), 0) < 0)
			return 2;
		count++;
		if (pwrite(fd, &count, sizeof(count), 0) != sizeof(count))
			return 3;
	}
	return 0;
}

static void test_handing_over(void)
{
	SCRATCH_AUTO s;
	scratch_open(&s);
	struct lock lock;
	struct err e = ERR_INIT;
	char holder[LOCK_HOLDER_MAX], mine[32];
	int go[2], ready[2];
	char c = 0;
	if (lock_take(s.fd, "lock", 0, &lock, &e) != 0 || pipe2(go, O_CLOEXEC) != 0 ||
	    pipe2(ready, O_CLOEXEC) != 0)
		abort();
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		close(go[1]);
		lock_adopt(&lock);
		ssize_t told = write(ready[1], "x", 1);
		told += read(go[0], &c, 1);
		_exit(told < 0);
	}
	lock_leave(&lock);
	TAP_OK(lock.fd == -1 && read(ready[0], &c, 1) == 1, "a lock is left to a child");
	snprintf(mine, sizeof(mine), "pid %d ", (int)pid);
	TAP_OK(lock_probe(s.fd, "lock", holder, &e) == 1 &&
	               strncmp(holder, mine, strlen(mine)) == 0,
	       "which is its holder from then on: %s", holder);
	close(go[1]);
	waitpid(pid, NULL, 0);
	TAP_INT(lock_probe(s.fd, "lock", holder, &e), 0, "until it ends");
}

static void test_exclusion(void)
{
	SCRATCH_AUTO s;
	scratch_open(&s);
	int failed = 0;
	fflush(stdout);
	for (int i = 0; i < 3; i++) {
		if (fork() == 0)
			_exit(count_up(&s.fd));
	}
	for (int i = 0; i < 3; i++) {
		int status;
		wait(&status);
		failed += status != 0;
	}
	int count = 0;
	FD_AUTO fd = openat(s.fd, "count", O_RDONLY | O_CLOEXEC);
	TAP_OK(failed == 0 && read(fd, &count, sizeof(count)) == sizeof(count),
	       "three processes count");
	TAP_INT(count, 3 * COUNTS, "and none loses a step");
}

/* Take the lock and remove its file, over and over, until killed. */
static void keep_replacing(int base)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		int fd = openat(base, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		flock(fd, LOCK_EX);
		unlinkat(base, "lock", 0);
		close(fd);
	}
}

static void test_replaced(void)
{
	SCRATCH_AUTO s;
	scratch_open(&s);
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0)
		keep_replacing(s.fd);
	int taken = 0;
	int stale = 0;
	int64_t until_ms = sys_monotonic_ms() + 300;
	while (sys_monotonic_ms() < until_ms) {
		LOCK_AUTO lock = LOCK_NONE;
		struct err e = ERR_INIT;
		struct stat held, there;
		if (lock_take(s.fd, "lock", 0, &lock, &e) != 0)
			continue;
		taken++;
		stale += fstat(lock.fd, &held) != 0 || fstatat(s.fd, "lock", &there, 0) != 0 ||
		         held.st_ino != there.st_ino;
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	tap_note("taken %d times", taken);
	TAP_INT(stale, 0, "a lock is never held on a file that lost its name");
}

int main(void)
{
	test_take_and_probe();
	test_bad_files();
	test_waiting();
	test_processes();
	test_handing_over();
	test_exclusion();
	test_replaced();
	return tap_done();
}
