/* Who a process is, and children that run a function. Starting programs is in proc_spawn.c. */
#include "os/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/num.h"
#include "base/str.h"
#include "os/file.h"
#include "os/proc_spawn.h"
#include "os/sys.h"

enum { START_FIELD = 22 };

/* Field 22 of the text of /proc/PID/stat, and the state. The name in field 2 may hold anything,
 * also ')'. */
static int parse_stat(struct str text, char *state, uint64_t *start_ticks)
{
	struct str rest, field;
	if (!str_cut_last(text, ')', NULL, &rest))
		return -1;
	rest = str_trim(rest);
	*state = rest.len > 0 ? rest.p[0] : '\0';
	for (int i = 3; i <= START_FIELD; i++)
		str_cut(rest, ' ', &field, &rest);
	return num_parse_digits(field, 10, start_ticks);
}

/* 1 read, 0 there is no such file, -1 anything else. */
static int read_stat(int32_t pid, char *state, uint64_t *start_ticks)
{
	char path[40];
	char text[2048];
	size_t got;
	struct err ignored = ERR_INIT;
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FD_AUTO fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	if (file_read(fd, text, sizeof(text), &got, &ignored, path) != 0)
		return ignored.sys_errno == ESRCH ? 0 : -1; /* ended meanwhile */
	return parse_stat(str_from(text, got), state, start_ticks) == 0 ? 1 : -1;
}

void proc_self(struct proc_id *out)
{
	char state;
	struct stat ns;
	*out = (struct proc_id){ .pid = getpid() };
	out->pid_ns = stat("/proc/self/ns/pid", &ns) == 0 ? (uint64_t)ns.st_ino : 0;
	if (read_stat(out->pid, &state, &out->start_ticks) != 1)
		out->start_ticks = 0;
	sys_boot_id(out->boot_id, sizeof(out->boot_id));
}

/* Of a link in /proc/self: its text, or "". */
static char *link_text(const char *path, char *out, size_t cap)
{
	ssize_t len = readlink(path, out, cap - 1);
	out[len > 0 ? len : 0] = '\0';
	return out;
}

bool proc_place(char out[PROC_PLACE_MAX])
{
	char host[128], boot[40], self[16], pids[40], time[40], own[16];
	snprintf(own, sizeof(own), "%d", (int)getpid());
	link_text("/proc/self/ns/pid", pids, sizeof(pids));
	link_text("/proc/self/ns/time", time, sizeof(time)); /* kernels before 5.6 have none */
	snprintf(out, PROC_PLACE_MAX, "%s %s %s %s", sys_boot_id(boot, sizeof(boot)), pids, time,
	         sys_hostname(host, sizeof(host)));
	return boot[0] && pids[0] && strcmp(link_text("/proc/self", self, sizeof(self)), own) == 0;
}

/* Without a look at /proc: absence is certain, presence may be somebody else's. */
static int alive_by_signal(int32_t pid)
{
	return kill(pid, 0) != 0 && errno == ESRCH ? 0 : -1;
}

int proc_alive(const struct proc_id *id)
{
	char boot_id[sizeof(id->boot_id)];
	char state;
	uint64_t start_ticks;
	sys_boot_id(boot_id, sizeof(boot_id));
	if (boot_id[0] != '\0' && id->boot_id[0] != '\0' && strcmp(boot_id, id->boot_id) != 0)
		return 0;
	if (id->pid <= 0)
		return -1;
	if (id->start_ticks == 0 || read_stat(id->pid, &state, &start_ticks) != 1)
		return alive_by_signal(id->pid);
	return start_ticks == id->start_ticks && state != 'Z' && state != 'X';
}

int proc_start(const struct proc_spawn *how, struct proc *out, struct err *e)
{
	return proc_spawn_start(how, out, e);
}

void proc_take_terminal(void)
{
	sigset_t stop, kept;
	sigemptyset(&stop);
	sigaddset(&stop, SIGTTOU);
	pthread_sigmask(SIG_BLOCK, &stop, &kept);
	if (tcgetpgrp(STDIN_FILENO) > 0)
		tcsetpgrp(STDIN_FILENO, getpgrp());
	pthread_sigmask(SIG_SETMASK, &kept, NULL);
}

/* ---- a child that runs a function ---- */

/* What comes through the pipe in one write: less than PIPE_BUF, so it is there as a whole or not
 * at all. */
struct task_result {
	int result;
	struct err err;
};
_Static_assert(sizeof(struct task_result) <= PIPE_BUF, "a task's result is one write");

/* In the child. Never returns. */
static void run_task(int (*work)(void *ctx, struct err *e), void *ctx, int fd)
{
	struct task_result r = { .err = ERR_INIT };
	struct err ignored = ERR_INIT;
	r.result = work(ctx, &r.err);
	int rc = file_write(fd, &r, sizeof(r), &ignored, "result");
	_exit(rc == 0 ? 0 : ERR_KIND_IO);
}

int proc_fork_task(int (*work)(void *ctx, struct err *e), void *ctx, struct proc_task *out,
                   struct err *e)
{
	*out = (struct proc_task){ .proc.pidfd = -1, .err_fd = -1 };
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_sys(e, "make a pipe");
	FD_AUTO from_child = ends[0];
	FD_AUTO to_parent = ends[1];
	pid_t parent = getpid();
	pid_t pid = fork();
	if (pid < 0)
		return err_sys(e, "fork");
	if (pid == 0) {
		file_close_auto(&from_child);
		proc_spawn_bind(parent, SIGKILL);
		run_task(work, ctx, to_parent);
	}
	out->proc.pid = pid;
	out->proc.pidfd = proc_spawn_pidfd(pid);
	out->err_fd = file_take(&from_child);
	return 0;
}

static void forget(struct proc_task *t)
{
	file_close_auto(&t->err_fd);
	file_close_auto(&t->proc.pidfd);
	t->proc.pid = 0;
}

/* The status of an ended child; -1 when somebody else (the reaper of a PID 1) took it. */
static int reap(int32_t pid)
{
	int status;
	pid_t rc;
	do
		rc = waitpid(pid, &status, 0);
	while (rc < 0 && errno == EINTR);
	return rc == pid ? status : -1;
}

/* The child has closed its end: take its result. */
static int collect(struct proc_task *t, int *result, struct err *e)
{
	struct task_result r;
	struct err why = ERR_INIT;
	size_t got = 0;
	int rc = file_read(t->err_fd, &r, sizeof(r), &got, &why, "result of a child");
	int status = reap(t->proc.pid);
	forget(t);
	*result = -1;
	if (rc == 0 && got == sizeof(r)) {
		*result = r.result;
		if (r.result != 0 && !err_is(e))
			*e = r.err;
		return 1;
	}
	if (status >= 0 && WIFSIGNALED(status))
		err_set(e, ERR_KIND_FAILED, "child ended by signal %d", WTERMSIG(status));
	else
		err_set(e, ERR_KIND_BUG, "child ended without a result");
	return 1;
}

int proc_wait_task(struct proc_task *t, int64_t deadline_ms, int wake_fd, int *result,
                   struct err *e)
{
	for (;;) {
		struct pollfd fds[2] = {
			{ .fd = t->err_fd, .events = POLLIN },
			{ .fd = wake_fd, .events = POLLIN },
		};
		int n = poll(fds, 2, sys_poll_timeout(deadline_ms));
		if (n < 0 && errno != EINTR)
			return err_sys(e, "wait for a child");
		if (n > 0 && fds[0].revents != 0)
			return collect(t, result, e);
		if (n > 0)
			return 0;
		if (n == 0 && sys_poll_timeout(deadline_ms) == 0)
			return 0;
	}
}

/* Through the descriptor where there is one: should somebody have reaped the child, its pid may be another process by
 * now. */
static void send_signal(const struct proc_task *t, int number)
{
	if (t->proc.pidfd >= 0)
		syscall(SYS_pidfd_send_signal, t->proc.pidfd, number, NULL, 0);
	else
		kill(t->proc.pid, number);
}

void proc_ask_task(const struct proc_task *t)
{
	if (t->proc.pid > 0)
		send_signal(t, SIGTERM);
}

void proc_own_group(void)
{
	setpgid(0, 0);
}

void proc_kill_task(struct proc_task *t)
{
	if (t->proc.pid <= 0)
		return;
	send_signal(t, SIGKILL);
	reap(t->proc.pid);
	forget(t);
}

/* ---- children of their own ---- */

/* Anybody may send a TERM: it is the change of parent that counts. */
static void wait_for_end(pid_t parent)
{
	sigset_t term;
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	while (getppid() == parent)
		sigwaitinfo(&term, NULL);
}

static void run_heir(void (*work)(void *ctx), void *ctx, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	setsid();
	for (int fd = 0; fd <= 2; fd++)
		close(fd);
	wait_for_end(parent);
	work(ctx);
	_exit(0);
}

int proc_fork_heir(void (*work)(void *ctx), void *ctx, struct proc_task *out, struct err *e)
{
	*out = (struct proc_task){ .proc.pidfd = -1, .err_fd = -1 };
	sigset_t all, before;
	sigfillset(&all);
	/* From its first moment on it ends by nothing but a KILL. */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid_t parent = getpid();
	pid_t pid = fork();
	if (pid == 0)
		run_heir(work, ctx, parent);
	int why = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = why;
	if (pid < 0)
		return err_sys(e, "fork");
	out->proc = (struct proc){ .pid = pid, .pidfd = proc_spawn_pidfd(pid) };
	return 0;
}

static int leave_terminal(void)
{
	FD_AUTO nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (nothing < 0 || setsid() < 0)
		return -1;
	for (int fd = 0; fd <= 2; fd++) {
		if (dup2(nothing, fd) < 0)
			return -1;
	}
	return 0;
}

int proc_detach(struct err *e)
{
	pid_t pid = fork();
	if (pid < 0)
		return err_sys(e, "fork");
	if (pid == 0 && leave_terminal() != 0)
		_exit(ERR_KIND_IO);
	return pid > 0;
}
