/* Who is alive, starting programs, and children that run a function. */
#include "os/proc.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "os/sys.h"
#include "scratch.h"
#include "seccomp.h"
#include "tap.h"

/* ---- identity ---- */

static void test_identity(void)
{
	struct proc_id self;
	proc_self(&self);
	TAP_OK(self.pid == getpid() && self.start_ticks > 0 && strlen(self.boot_id) == 36,
	       "we know who we are");
	TAP_INT(proc_alive(&self), 1, "and that we live");
	struct proc_id other = self;
	other.start_ticks--;
	TAP_INT(proc_alive(&other), 0, "the same pid with another start is somebody else");
	other = self;
	other.boot_id[0] = other.boot_id[0] == '0' ? '1' : '0';
	TAP_INT(proc_alive(&other), 0, "before another boot there was somebody else");
	other = self;
	other.start_ticks = 0;
	TAP_INT(proc_alive(&other), -1, "without a start it can't be told");
	other.boot_id[0] = '\0';
	TAP_INT(proc_alive(&other), -1, "nor without anything");
	other.pid = 0;
	TAP_INT(proc_alive(&other), -1, "nor without a pid");
}

static void test_zombie(void)
{
	fflush(stdout);
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0)
		return;
	pid_t pid = fork();
	if (pid == 0) {
		struct proc_id self;
		proc_self(&self);
		_exit(write(ends[1], &self, sizeof(self)) == sizeof(self) ? 0 : 1);
	}
	close(ends[1]);
	struct proc_id child;
	TAP_OK(read(ends[0], &child, sizeof(child)) == sizeof(child), "a child says who it is");
	siginfo_t info;
	waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
	TAP_INT(proc_alive(&child), 0, "a zombie is not alive");
	waitpid(pid, NULL, 0);
	TAP_INT(proc_alive(&child), 0, "nor is a process that was reaped");
	child.start_ticks = 0;
	TAP_INT(proc_alive(&child), 0, "that it is gone is certain even without a start");
	close(ends[0]);
}

static int without_proc(void *arg)
{
	struct proc_id self, blind;
	proc_self(&self);
	if (chroot(arg) != 0)
		return 100;
	proc_self(&blind);
	if (blind.pid != self.pid || blind.start_ticks != 0 || blind.boot_id[0] != '\0')
		return 1;
	if (proc_alive(&self) != -1 || proc_alive(&blind) != -1)
		return 2;
	self.pid = 4194304; /* above any pid */
	return proc_alive(&self) == 0 ? 0 : 3;
}

static void test_without_proc(void)
{
	SCRATCH_AUTO s;
	scratch_open(&s);
	int rc = scratch_fork(without_proc, s.path);
	if (rc == 100)
		tap_skip("without /proc nothing is guessed", "can't chroot here");
	else
		TAP_INT(rc, 0, "without /proc nothing is guessed");
}

/* ---- programs ---- */

static int status_of(const struct proc *p)
{
	int status;
	if (waitpid(p->pid, &status, 0) != p->pid)
		return -1;
	if (p->pidfd >= 0)
		close(p->pidfd);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static struct proc_spawn shell(char *const *argv)
{
	return (struct proc_spawn){
		.argv = argv, .cwd_fd = -1, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1
	};
}

/* Run a shell script and give its status; what it prints goes to `out`. */
static int run_shell(const char *script, struct proc_spawn how, struct buf *out)
{
	char sh[] = "sh", c[] = "-c";
	char text[400];
	char *argv[] = { sh, c, text, NULL };
	int ends[2];
	struct proc p;
	struct err e = ERR_INIT;
	snprintf(text, sizeof(text), "%s", script);
	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	how.argv = argv;
	how.stdout_fd = ends[1];
	int rc = proc_start(&how, &p, &e);
	close(ends[1]);
	if (rc == 0 && file_read_rest(ends[0], out, &e, "pipe") == 0)
		rc = status_of(&p);
	close(ends[0]);
	if (err_is(&e))
		tap_note("%s", e.msg);
	return rc;
}

static void test_start(void)
{
	SCRATCH_AUTO s;
	scratch_open(&s);
	BUF_AUTO text = buf_make(1000);
	struct proc_spawn how = shell(NULL);
	TAP_INT(run_shell("echo out; exit 7", how, &text), 7, "a program's status comes back");
	TAP_TEXT(text.p, "out\n", "and its output");
	buf_clear(&text);
	how.cwd_fd = s.fd;
	TAP_OK(run_shell("pwd -P", how, &text) == 0 && str_starts(buf_str(&text), str_of(s.path)),
	       "it starts in the directory that was asked for");
	buf_clear(&text);
	char path[] = "PATH=/bin:/usr/bin", var[] = "ONLY=this";
	char *env[] = { path, var, NULL };
	how.env = env;
	setenv("WS_TEST_LEAK", "x", 1);
	TAP_OK(run_shell("echo $ONLY$WS_TEST_LEAK", how, &text) == 0, "with the environment given");
	TAP_TEXT(text.p, "this\n", "and nothing else");
}

static void test_start_failures(void)
{
	SCRATCH_AUTO s;
	scratch_open(&s);
	scratch_file(s.fd, "plain", "not executable");
	scratch_file(s.fd, "garbage", "\177not a program");
	fchmodat(s.fd, "garbage", 0755, 0);
	char path_none[] = "PATH=/nonexistent", path_here[100];
	snprintf(path_here, sizeof(path_here), "PATH=/nonexistent:%s", s.path);
	char *env_none[] = { path_none, NULL };
	char *env_here[] = { path_here, NULL };
	static const struct {
		const char *name;
		enum err_kind kind;
		bool here;
	} cases[] = {
		{ "sh", ERR_KIND_NOT_FOUND, false },    { "plain", ERR_KIND_DENIED, true },
		{ "garbage", ERR_KIND_IO, true },       { "none", ERR_KIND_NOT_FOUND, true },
		{ "/tmp", ERR_KIND_DENIED, true },      { "/dev/null/x", ERR_KIND_NOT_FOUND, true },
		{ "./none", ERR_KIND_NOT_FOUND, true }, { "", ERR_KIND_USAGE, true },
	};
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		char name[40];
		char *argv[] = { name, NULL };
		snprintf(name, sizeof(name), "%s", cases[i].name);
		struct proc_spawn how = shell(argv);
		how.env = cases[i].here ? env_here : env_none;
		struct proc p;
		struct err e = ERR_INIT;
		TAP_OK(proc_start(&how, &p, &e) != 0 && e.kind == cases[i].kind,
		       "\"%s\" can't be run: %s", name, e.msg);
	}
	char sh[] = "/bin/sh";
	char *argv[] = { sh, NULL };
	struct proc_spawn how = shell(argv);
	struct proc p;
	struct err e = ERR_INIT;
	FD_AUTO file = openat(s.fd, "plain", O_RDONLY | O_CLOEXEC);
	how.cwd_fd = file;
	TAP_OK(proc_start(&how, &p, &e) != 0 && strstr(e.msg, "directory"),
	       "a file is no directory to start in: %s", e.msg);
	TAP_OK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "no child is left behind");
}

static void test_descriptors(void)
{
	BUF_AUTO text = buf_make(1000);
	int high = fcntl(STDIN_FILENO, F_DUPFD, 50); /* not close-on-exec */
	TAP_INT(run_shell("test ! -e /proc/self/fd/50", shell(NULL), &text), 0,
	        "descriptors above 2 are closed");
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0)
		return;
	char sh[] = "sh", c[] = "-c", script[] = "echo to1; echo to2 >&2";
	char *argv[] = { sh, c, script, NULL };
	struct proc_spawn how = shell(argv);
	struct proc p;
	struct err e = ERR_INIT;
	/* Each in the place of the other: 1 becomes the pipe, 2 what was 1. */
	how.stdout_fd = ends[1];
	how.stderr_fd = STDOUT_FILENO;
	FD_AUTO kept = dup(STDOUT_FILENO);
	FD_AUTO null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	dup2(null, STDOUT_FILENO);
	int rc = proc_start(&how, &p, &e);
	dup2(kept, STDOUT_FILENO);
	close(ends[1]);
	buf_clear(&text);
	TAP_OK(rc == 0 && file_read_rest(ends[0], &text, &e, "pipe") == 0 && status_of(&p) == 0,
	       "descriptors that are each other's places are put right");
	TAP_TEXT(text.p, "to1\n", "so that 1 is the one that was given");
	close(ends[0]);
	close(high);
}

static int close_without_close_range(UNUSED void *arg)
{
	BUF_AUTO text = buf_make(1000);
	if (!seccomp_refuse(SYS_close_range, ENOSYS))
		return 100;
	int high = fcntl(STDIN_FILENO, F_DUPFD, 60);
	return high < 0 ? 1 : run_shell("test ! -e /proc/self/fd/60", shell(NULL), &text);
}

static void test_signals_given_back(void)
{
	sigset_t set;
	BUF_AUTO text = buf_make(1000);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	scratch_ignore(SIGINT, true);
	TAP_INT(run_shell("kill -TERM $$; exit 3", shell(NULL), &text), 143,
	        "a blocked signal is not blocked in the program");
	TAP_INT(run_shell("kill -INT $$; exit 3", shell(NULL), &text), 130,
	        "nor is an ignored one ignored");
	scratch_ignore(SIGINT, false);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void test_group_and_user(void)
{
	BUF_AUTO text = buf_make(1000);
	struct proc_spawn how = shell(NULL);
	how.new_group = true;
	/* Field 5 of stat is the process group. */
	TAP_INT(run_shell("read -r p n s pp g rest </proc/self/stat; test $g = $$", how, &text), 0,
	        "a program gets a group of its own");
	if (geteuid() != 0) {
		tap_skip("another user", "not root");
		return;
	}
	how = shell(NULL);
	how.set_user = true;
	how.uid = 12345;
	how.gid = 23456;
	how.die_with_parent = true;
	TAP_INT(run_shell("id -u; id -g; id -G", how, &text), 0, "a program runs as another user");
	TAP_TEXT(text.p, "12345\n23456\n23456\n", "with that user's group only");
}

/* In a child that ends while the program runs: its output is closed only when it ends, too. */
static int die_as_parent(void *arg)
{
	char sleeper[] = "sleep", time[] = "60";
	char *argv[] = { sleeper, time, NULL };
	struct proc_spawn how = shell(argv);
	struct proc p;
	struct err e = ERR_INIT;
	how.die_with_parent = true;
	how.stdout_fd = *(const int *)arg;
	return proc_start(&how, &p, &e) == 0 ? 0 : 1;
}

static void test_death_of_parent(void)
{
	int ends[2];
	char byte;
	if (pipe2(ends, O_CLOEXEC) != 0)
		return;
	TAP_INT(scratch_fork(die_as_parent, &ends[1]), 0, "a parent ends before its program");
	close(ends[1]);
	int64_t started_ms = sys_monotonic_ms();
	TAP_OK(read(ends[0], &byte, 1) == 0 && sys_monotonic_ms() - started_ms < 30000,
	       "and takes it along");
	close(ends[0]);
}

/* In a child that ends when the program is ready: what the program says of it goes to the pipe. */
static int die_gently(void *arg)
{
	char name[] = "sh", option[] = "-c";
	char script[] = "trap 'echo ended >&2; exit' TERM; echo; while :; do sleep 0.01; done";
	char *argv[] = { name, option, script, NULL };
	struct proc_spawn how = shell(argv);
	struct proc p;
	struct err e = ERR_INIT;
	char byte;
	int ready[2];
	if (pipe2(ready, O_CLOEXEC) != 0)
		return 1;
	how.die_with_parent = true;
	how.die_gently = true;
	how.stdout_fd = ready[1];
	how.stderr_fd = *(const int *)arg;
	return proc_start(&how, &p, &e) == 0 && read(ready[0], &byte, 1) == 1 ? 0 : 1;
}

static void test_gentle_death(void)
{
	int ends[2];
	char text[7] = "";
	if (pipe2(ends, O_CLOEXEC) != 0)
		return;
	TAP_INT(scratch_fork(die_gently, &ends[1]), 0, "a parent ends before its program again");
	close(ends[1]);
	TAP_OK(read(ends[0], text, 6) == 6, "which says something at its end");
	TAP_TEXT(text, "ended\n", "as a TERM lets it");
	close(ends[0]);
}

/* With a terminal: in a session of its own. */
static int foreground(UNUSED void *arg)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0 || setsid() < 0)
		return 100;
	int slave = open(ptsname(master), O_RDWR | O_CLOEXEC);
	if (slave < 0 || ioctl(slave, TIOCSCTTY, 0) != 0 || dup2(slave, STDIN_FILENO) < 0)
		return 100;
	char sh[] = "cat";
	char *argv[] = { sh, NULL };
	struct proc_spawn how = shell(argv);
	struct proc p;
	struct err e = ERR_INIT;
	how.new_group = true;
	if (tcgetpgrp(STDIN_FILENO) != getpgrp() || proc_start(&how, &p, &e) != 0)
		return 1;
	if (tcgetpgrp(STDIN_FILENO) != p.pid)
		return 2;
	kill(p.pid, SIGKILL);
	if (status_of(&p) != 137)
		return 3;
	proc_take_terminal();
	return tcgetpgrp(STDIN_FILENO) == getpgrp() ? 0 : 4;
}

/* ---- tasks ---- */

static int work(void *ctx, struct err *e)
{
	switch (*(const int *)ctx) {
	case 0:
		return 0;
	case 1:
		return err_set(e, ERR_KIND_CONFLICT, "number %d", 1);
	case 2:
		raise(SIGKILL);
		return 0;
	case 3:
		_exit(0);
	default:
		sys_sleep_ms(60000);
		return 0;
	}
}

static void test_tasks(void)
{
	static const struct {
		enum err_kind kind;
		const char *sentence;
	} cases[] = {
		{ ERR_KIND_NONE, "a child's success comes back" },
		{ ERR_KIND_CONFLICT, "a child's error comes back" },
		{ ERR_KIND_FAILED, "a killed child is an error" },
		{ ERR_KIND_BUG, "a child that says nothing is an error" },
	};
	for (int i = 0; i < (int)COUNTOF(cases); i++) {
		struct proc_task task;
		struct err e = ERR_INIT;
		int result = 5;
		fflush(stdout);
		TAP_OK(proc_fork_task(work, &i, &task, &e) == 0, "a child starts");
		int rc = proc_wait_task(&task, -1, -1, &result, &e);
		TAP_OK(rc == 1 && result == (i == 0 ? 0 : -1) && e.kind == cases[i].kind, "%s: %s",
		       cases[i].sentence, e.msg);
	}
}

static void test_task_deadline(void)
{
	struct proc_task task;
	struct err e = ERR_INIT;
	int forever = 99;
	int result;
	int ends[2];
	fflush(stdout);
	TAP_OK(proc_fork_task(work, &forever, &task, &e) == 0 && pipe2(ends, O_CLOEXEC) == 0,
	       "a child that takes long starts");
	TAP_INT(proc_wait_task(&task, sys_monotonic_ms() + 20, -1, &result, &e), 0,
	        "waiting for it ends");
	TAP_INT(proc_wait_task(&task, 0, -1, &result, &e), 0, "at once when the time is up");
	TAP_OK(write(ends[1], "x", 1) == 1, "somebody calls");
	TAP_INT(proc_wait_task(&task, -1, ends[0], &result, &e), 0, "and wakes the waiting");
	int32_t pid = task.proc.pid;
	proc_kill_task(&task);
	TAP_OK(kill(pid, 0) != 0 && errno == ESRCH, "it is killed and reaped");
	proc_kill_task(&task);
	TAP_OK(task.err_fd == -1 && task.proc.pidfd == -1, "twice is fine");
	close(ends[0]);
	close(ends[1]);
}

/* ---- what is done when we have ended ---- */

static void tell_end(void *ctx)
{
	(void)!write(*(const int *)ctx, "x", 1);
}

/* The heir is called off, or not; a TERM of somebody else is no end. */
static int leaves_heir(void *arg)
{
	const int *ctx = arg;
	struct proc_task heir;
	struct err e = ERR_INIT;
	if (proc_fork_heir(tell_end, arg, &heir, &e) != 0)
		return 1;
	kill(heir.proc.pid, SIGTERM);
	if (ctx[1])
		proc_kill_task(&heir);
	return 0;
}

static void test_heir(void)
{
	for (int off = 0; off <= 1; off++) {
		int ends[2];
		char byte;
		if (pipe2(ends, O_CLOEXEC) != 0)
			return;
		int ctx[2] = { ends[1], off };
		TAP_INT(scratch_fork(leaves_heir, ctx), 0, "a process has an heir");
		close(ends[1]);
		TAP_INT((int)read(ends[0], &byte, 1), !off, "%s",
		        off ? "who was called off does nothing"
		            : "what is left to an heir is done when its parent has ended");
		close(ends[0]);
	}
}

int main(void)
{
	umask(022);
	test_identity();
	test_zombie();
	test_without_proc();
	test_start();
	test_start_failures();
	test_descriptors();
	int rc = scratch_fork(close_without_close_range, NULL);
	if (rc == 100)
		tap_skip("descriptors are closed without close_range", "no seccomp filters here");
	else
		TAP_INT(rc, 0, "descriptors are closed without close_range");
	test_signals_given_back();
	test_group_and_user();
	test_death_of_parent();
	test_gentle_death();
	rc = scratch_fork(foreground, NULL);
	if (rc == 100)
		tap_skip("a program gets the terminal", "no pseudo terminals here");
	else
		TAP_INT(rc, 0, "a program gets the terminal, and it can be taken back");
	test_tasks();
	test_task_deadline();
	test_heir();
	return tap_done();
}
