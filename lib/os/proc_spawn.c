/* Starting a program. All that allocates happens before the fork; the child only makes system
 * calls, and tells through a pipe what failed. */
#include "os/proc_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "os/file.h"
#include "os/proc.h"

enum { PATHS_MAX = 256, FIRST_FD = 3, CLOSE_MAX = 1 << 20, FIRST_REALTIME = 32, SIGNALS_MAX = 64 };

/* Which step failed; the texts are in stage_names. */
enum stage { STAGE_EXEC, STAGE_DIRECTORY, STAGE_USER, STAGE_DESCRIPTORS, STAGES };

static const char *const stage_names[STAGES] = { "run", "enter the directory for",
	                                         "become the user for", "set the descriptors for" };

struct failure {
	enum stage stage;
	int number;
};

/* The programs to try, in order; the texts are in one allocation. */
struct candidates {
	char *text;
	char *list[PATHS_MAX + 1];
};

extern char **environ;

void proc_spawn_bind(pid_t parent, int number)
{
	prctl(PR_SET_PDEATHSIG, number);
	if (getppid() != parent)
		_exit(128 + number);
}

int proc_spawn_pidfd(pid_t pid)
{
	long fd = syscall(SYS_pidfd_open, pid, 0);
	return fd >= 0 ? (int)fd : -1;
}

static struct str path_of(char *const *env)
{
	for (; *env; env++) {
		if (strncmp(*env, "PATH=", 5) == 0)
			return str_of(*env + 5);
	}
	return S("/usr/local/bin:/usr/bin:/bin");
}

static void candidates_free(struct candidates *c)
{
	mem_free(c->text);
}

/* `name` in each directory of PATH, or as it is when it has a slash. */
static void find_candidates(const char *name, char *const *env, struct candidates *out)
{
	struct buf text = buf_make(SIZE_MAX);
	size_t count = 0;
	size_t starts[PATHS_MAX];
	struct str rest = strchr(name, '/') ? S("") : path_of(env);
	bool more = true;
	while (more && count < PATHS_MAX) {
		struct str dir;
		more = str_cut(rest, ':', &dir, &rest);
		starts[count++] = text.len;
		buf_add_str(&text, dir);
		if (dir.len > 0)
			buf_add_char(&text, '/');
		buf_add(&text, name, strlen(name) + 1);
	}
	out->text = buf_take(&text);
	for (size_t i = 0; i < count; i++)
		out->list[i] = out->text + starts[i];
	out->list[count] = NULL;
}

/* ---- in the child ---- */

static void fail(int fd, enum stage stage)
{
	struct failure f = { .stage = stage, .number = errno };
	ssize_t ignored = write(fd, &f, sizeof(f));
	(void)ignored;
	_exit(127);
}

/* What nohup or a shell's background job wants ignored; PIPE and XFSZ are ignored by ourselves, a TERM has to end everybody. */
static bool stays_ignored(int number)
{
	struct sigaction now;
	return number < FIRST_REALTIME && number != SIGTERM && number != SIGPIPE &&
	       number != SIGXFSZ && sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

/* By the system call: libc's sigaction refuses the signals that it keeps for itself, and one of those, ignored when we
 * were started, would stay so in the command. */
static void default_signals(bool keep_ignored)
{
	const struct {
		unsigned long handler, flags, restorer, mask;
	} usual = { 0 }; /* SIG_DFL is 0 */
	for (int n = 1; n <= SIGNALS_MAX; n++) {
		if (!keep_ignored || !stays_ignored(n))
			(void)syscall(SYS_rt_sigaction, n, &usual, NULL, sizeof(usual.mask));
	}
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Own group; with a terminal at stdin whose foreground was ours, in the foreground. Signals are
 * blocked, so that SIGTTOU does not stop us. */
static void own_group(pid_t parent_group)
{
	setpgid(0, 0);
	if (tcgetpgrp(STDIN_FILENO) == parent_group)
		tcsetpgrp(STDIN_FILENO, getpid());
}

static void close_from(unsigned first)
{
	struct rlimit limit;
	if (syscall(SYS_close_range, first, ~0U, 0) == 0)
		return;
	rlim_t end = getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : CLOSE_MAX;
	for (rlim_t fd = first; fd < end && fd < CLOSE_MAX; fd++)
		close((int)fd);
}

/* Put the three descriptors in place, the pipe behind them, and close the rest. Those that are
 * given may be each other's targets, so they are moved out of the way first. Returns the pipe's
 * new place. */
static int set_descriptors(const struct proc_spawn *how, int pipe_fd)
{
	int from[3] = { how->stdin_fd, how->stdout_fd, how->stderr_fd };
	pipe_fd = fcntl(pipe_fd, F_DUPFD_CLOEXEC, FIRST_FD);
	for (int i = 0; i < 3; i++) {
		if (from[i] >= 0)
			from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, FIRST_FD);
	}
	for (int i = 0; i < 3; i++) {
		if (from[i] >= 0 && dup2(from[i], i) < 0)
			fail(pipe_fd, STAGE_DESCRIPTORS);
	}
	if (how->cwd_fd >= 0 && fchdir(how->cwd_fd) != 0)
		fail(pipe_fd, STAGE_DIRECTORY);
	if (pipe_fd != FIRST_FD && dup3(pipe_fd, FIRST_FD, O_CLOEXEC) < 0)
		fail(pipe_fd, STAGE_DESCRIPTORS);
	close_from(FIRST_FD + 1);
	return FIRST_FD;
}

static int become_user(const struct proc_spawn *how)
{
	if (geteuid() == how->uid && getuid() == how->uid && getegid() == how->gid &&
	    getgid() == how->gid)
		return 0;
	if (setgroups(0, NULL) != 0 || setresgid(how->gid, how->gid, how->gid) != 0)
		return -1;
	return setresuid(how->uid, how->uid, how->uid);
}

/* As execvp: what is not there or no directory is passed over; "permission denied" is
 * remembered. */
static void exec_first(char *const *paths, char *const *argv, char *const *env)
{
	int number = ENOENT;
	for (; *paths; paths++) {
		execve(*paths, argv, env);
		if (errno != ENOENT && errno != ENOTDIR && errno != EACCES)
			return;
		if (errno == EACCES)
			number = EACCES;
	}
	errno = number;
}

static void run_child(const struct proc_spawn *how, char *const *paths, int pipe_fd, pid_t parent,
                      pid_t parent_group)
{
	char *const *env = how->env ? how->env : environ;
	/* Before it is another user, and before it can fork. One that can't join is looked after by its process group. */
	if (how->cgroup)
		(void)!cgroup_join(how->cgroup);
	pipe_fd = set_descriptors(how, pipe_fd);
	if (how->new_group)
		own_group(parent_group);
	if (how->set_user && become_user(how) != 0)
		fail(pipe_fd, STAGE_USER);
	/* After the change of user, which makes the kernel forget it. */
	if (how->die_with_parent)
		proc_spawn_bind(parent, how->die_gently ? SIGTERM : SIGKILL);
	default_signals(how->keep_ignored);
	exec_first(paths, how->argv, env);
	fail(pipe_fd, STAGE_EXEC);
}

/* ---- in the parent ---- */

static int fail_start(const struct failure *f, const char *name, pid_t pid, struct err *e)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	errno = f->number;
	return err_sys(e, "%s %s", stage_names[f->stage < STAGES ? f->stage : STAGE_EXEC], name);
}

/* Fork with all signals blocked, so that none of our handlers runs in the child. */
static pid_t fork_child(const struct proc_spawn *how, char *const *paths, int pipe_fd)
{
	sigset_t all, kept;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &kept);
	pid_t parent = getpid();
	pid_t parent_group = getpgrp();
	pid_t pid = fork();
	if (pid == 0)
		run_child(how, paths, pipe_fd, parent, parent_group);
	int number = errno;
	pthread_sigmask(SIG_SETMASK, &kept, NULL);
	errno = number;
	return pid;
}

int proc_spawn_start(const struct proc_spawn *how, struct proc *out, struct err *e)
{
	*out = (struct proc){ .pidfd = -1 };
	if (!how->argv || !how->argv[0] || how->argv[0][0] == '\0')
		return err_set(e, ERR_KIND_USAGE, "no program to run");
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_sys(e, "make a pipe");
	FD_AUTO from_child = ends[0];
	FD_AUTO to_parent = ends[1];
	AUTO(candidates_free) struct candidates paths;
	find_candidates(how->argv[0], how->env ? how->env : environ, &paths);
	pid_t pid = fork_child(how, paths.list, to_parent);
	if (pid < 0)
		return err_sys(e, "fork");
	/* In both processes, because either may be first. */
	if (how->new_group)
		setpgid(pid, pid);
	file_close_auto(&to_parent);
	struct failure f;
	size_t got = 0;
	struct err ignored = ERR_INIT;
	if (file_read(from_child, &f, sizeof(f), &got, &ignored, "child") == 0 && got == sizeof(f))
		return fail_start(&f, how->argv[0], pid, e);
	*out = (struct proc){ .pid = pid, .pidfd = proc_spawn_pidfd(pid) };
	return 0;
}
