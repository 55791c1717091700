/* What signals do to an applet, and how a supervisor reads them. */
#include "os/signals.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>

#include "os/sys.h"
#include "scratch.h"
#include "tap.h"

/* ---- applets that do not supervise; each in a child ---- */

static int ends_by(void *arg)
{
	struct err e = ERR_INIT;
	int number = *(const int *)arg;
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, number);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (signals_prepare(&e) != 0)
		return 1;
	raise(number);
	return 2;
}

static int keeps_ignoring(void *arg)
{
	struct err e = ERR_INIT;
	int number = *(const int *)arg;
	scratch_ignore(number, true);
	if (signals_prepare(&e) != 0)
		return 1;
	raise(number);
	return 0;
}

static int survives_pipe(UNUSED void *arg)
{
	struct err e = ERR_INIT;
	int ends[2];
	if (signals_prepare(&e) != 0 || pipe2(ends, O_CLOEXEC) != 0)
		return 1;
	close(ends[0]);
	return file_write(ends[1], "x", 1, &e, "pipe") != 0 && e.sys_errno == EPIPE ? 0 : 2;
}

static int opens_null(UNUSED void *arg)
{
	struct err e = ERR_INIT;
	struct stat a, null;
	close(0);
	close(2);
	if (signals_prepare(&e) != 0 || stat("/dev/null", &null) != 0)
		return 1;
	for (int fd = 0; fd <= 2; fd += 2) {
		if (fstat(fd, &a) != 0 || a.st_rdev != null.st_rdev)
			return 2;
	}
	return 0;
}

static int needs_null(void *arg)
{
	struct err e = ERR_INIT;
	if (chroot(arg) != 0)
		return 100;
	close(0);
	return signals_prepare(&e) != 0 && strstr(e.msg, "/dev/null") ? 0 : 1;
}

/* As the first process of a new pid namespace, where signals without a handler are ignored. */
static int as_pid_1(void *arg)
{
	if (unshare(CLONE_NEWPID) != 0)
		return 100;
	return scratch_fork(ends_by, arg);
}

static void test_applets(void)
{
	static const int ending[] = { SIGTERM, SIGINT, SIGHUP };
	for (size_t i = 0; i < COUNTOF(ending); i++) {
		int number = ending[i];
		TAP_INT(scratch_fork(ends_by, &number), 128 + number,
		        "signal %d ends an applet, even if it was blocked", number);
		int rc = scratch_fork(as_pid_1, &number);
		if (rc == 100)
			tap_skip("a signal ends PID 1", "no pid namespaces here");
		else
			TAP_INT(rc, 128 + number, "signal %d ends PID 1", number);
	}
	int number = SIGHUP;
	TAP_INT(scratch_fork(keeps_ignoring, &number), 0, "nohup is honoured");
	number = SIGINT;
	TAP_INT(scratch_fork(keeps_ignoring, &number), 0, "so is a background job");
	number = SIGTERM;
	TAP_INT(scratch_fork(keeps_ignoring, &number), 143, "TERM ends it all the same");
	TAP_INT(scratch_fork(survives_pipe, NULL), 0, "a closed pipe is an error, not the end");
	TAP_INT(scratch_fork(opens_null, NULL), 0, "closed descriptors are opened on /dev/null");
	SCRATCH_AUTO s;
	scratch_open(&s);
	int rc = scratch_fork(needs_null, s.path);
	if (rc == 100)
		tap_skip("closed descriptors without /dev/null", "can't chroot here");
	else
		TAP_INT(rc, 0, "closed descriptors without /dev/null are an error");
}

/* ---- supervisors ---- */

static void test_reading(int fd)
{
	struct err e = ERR_INIT;
	TAP_INT(signals_next(fd, &e), 0, "no signal has come");
	TAP_INT(signals_wait(fd, sys_monotonic_ms() + 5, &e), 0, "waiting for one ends");
	TAP_INT(signals_wait(fd, 0, &e), 0, "at once when the time is up");
	static const int numbers[] = { SIGTERM, SIGINT,  SIGHUP,   SIGQUIT,
		                       SIGUSR1, SIGUSR2, SIGWINCH, SIGCHLD };
	for (size_t i = 0; i < COUNTOF(numbers); i++) {
		kill(getpid(), numbers[i]);
		TAP_INT(signals_wait(fd, -1, &e), 1, "a signal comes");
		TAP_INT(signals_next(fd, &e), numbers[i], "it is number %d", numbers[i]);
	}
	TAP_INT(signals_next(fd, &e), 0, "and there are no more");
}

static int reads_stop(UNUSED void *arg)
{
	struct err e = ERR_INIT;
	FD_AUTO fd = -1;
	if (signals_open_stop(&fd, &e) != 0)
		return 1;
	kill(getpid(), SIGCHLD);
	if (signals_next(fd, &e) != 0)
		return 2;
	kill(getpid(), SIGHUP);
	return signals_next(fd, &e) == SIGHUP && signals_next(fd, &e) == 0 ? 0 : 3;
}

static pid_t start_child(int status, int number)
{
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		if (number != 0)
			raise(number);
		_exit(status);
	}
	return pid;
}

static int reap_one(int fd, struct signals_child *child)
{
	struct err e = ERR_INIT;
	int rc = signals_reap(child, &e);
	while (rc == 0 && signals_wait(fd, sys_monotonic_ms() + 5000, &e) == 1 &&
	       signals_next(fd, &e) == SIGCHLD)
		rc = signals_reap(child, &e);
	return rc;
}

static void test_reaping(int fd)
{
	struct err e = ERR_INIT;
	struct signals_child child;
	TAP_INT(signals_reap(&child, &e), 0, "without children there is none to reap");
	pid_t pid = start_child(7, 0);
	TAP_OK(reap_one(fd, &child) == 1 && child.pid == pid && child.status == 7,
	       "a child's status comes back");
	pid = start_child(0, SIGKILL);
	TAP_OK(reap_one(fd, &child) == 1 && child.pid == pid && child.status == 137,
	       "a killed child has the status that a shell says");
	while (signals_next(fd, &e) > 0)
		continue;
}

static void test_orphans(int fd)
{
	struct err e = ERR_INIT;
	struct signals_child child;
	int ends[2];
	pid_t orphan = 0;
	if (!TAP_OK(signals_adopt_orphans(&e) == 0 && pipe2(ends, O_CLOEXEC) == 0,
	            "orphans are adopted"))
		return;
	pid_t pid = fork();
	if (pid == 0) {
		orphan = fork();
		if (orphan == 0)
			_exit(9);
		_exit(write(ends[1], &orphan, sizeof(orphan)) == sizeof(orphan) ? 0 : 1);
	}
	TAP_OK(read(ends[0], &orphan, sizeof(orphan)) == sizeof(orphan),
	       "a child leaves one behind");
	int seen = 0;
	for (int i = 0; i < 2 && reap_one(fd, &child) == 1; i++)
		seen += child.pid == orphan ? child.status : (child.pid == pid ? 100 : 0);
	TAP_INT(seen, 109, "and both are reaped");
	close(ends[0]);
	close(ends[1]);
}

static void test_groups(void)
{
	struct err e = ERR_INIT;
	pid_t pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		sigset_t none;
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		for (;;)
			pause();
	}
	setpgid(pid, pid);
	TAP_OK(signals_send_group(pid, SIGTERM, &e) == 0, "a group gets a signal");
	int status;
	waitpid(pid, &status, 0);
	TAP_OK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM, "that ends it");
	TAP_OK(signals_send_group(pid, SIGTERM, &e) == 0, "a group that is gone is fine");
	for (int32_t pgid = -1; pgid <= 1; pgid++) {
		err_clear(&e);
		TAP_OK(signals_send_group(pgid, SIGTERM, &e) != 0 && e.kind == ERR_KIND_BUG,
		       "%d is nobody's group", (int)pgid);
	}
}

int main(void)
{
	test_applets();
	TAP_INT(scratch_fork(reads_stop, NULL), 0, "a stop is read apart from ended children");
	struct err e = ERR_INIT;
	FD_AUTO fd = -1;
	/* A parent may have made us ignore it, which would make the kernel reap. */
	scratch_ignore(SIGCHLD, true);
	TAP_OK(signals_open(&fd, &e) == 0, "signals are read from a descriptor: %s", e.msg);
	test_reading(fd);
	test_reaping(fd);
	test_orphans(fd);
	test_groups();
	return tap_done();
}
