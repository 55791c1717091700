/* Dispositions at the start, and the signalfd of whoever supervises. */
#include "os/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/sys.h"

static const int ending[] = { SIGTERM, SIGINT, SIGHUP };
/* What a fault of our own raises has to end us, and EPIPE and EFBIG tell of the other two. */
static const int unwatched[] = { SIGILL,  SIGTRAP, SIGABRT, SIGBUS, SIGFPE,
	                         SIGSEGV, SIGSYS,  SIGPIPE, SIGXFSZ };

/* As PID 1 a signal without a handler is ignored by the kernel, so the default is not enough. */
static void end_process(int number)
{
	_exit(128 + number);
}

/* Input and output in the wrong direction: what nobody sends or gets is an error, not an empty file. */
static int open_standard_descriptors(struct err *e)
{
	static const int modes[] = { O_WRONLY, O_RDONLY, O_RDWR };
	/* In this order: open gives the lowest one that is free. */
	for (int fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd]) != fd)
			return err_sys(e, "descriptor %d is closed, and open /dev/null", fd);
	}
	return 0;
}

/* nohup, and a shell's background job, ignore HUP and INT on purpose. TERM always ends us. */
static bool ignored_on_purpose(int number)
{
	struct sigaction now;
	return number != SIGTERM && sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

static int set_handler(int number, void (*handler)(int), struct err *e)
{
	struct sigaction action;
	memset(&action, 0, sizeof(action));
	action.sa_handler = handler;
	sigemptyset(&action.sa_mask);
	return sigaction(number, &action, NULL) == 0 ? 0 : err_sys(e, "handle signal %d", number);
}

int signals_prepare(struct err *e)
{
	sigset_t unblock;
	sigemptyset(&unblock);
	if (open_standard_descriptors(e) != 0 || set_handler(SIGPIPE, SIG_IGN, e) != 0 ||
	    set_handler(SIGXFSZ, SIG_IGN, e) != 0)
		return -1;
	for (size_t i = 0; i < COUNTOF(ending); i++) {
		sigaddset(&unblock, ending[i]);
		if (!ignored_on_purpose(ending[i]) && set_handler(ending[i], end_process, e) != 0)
			return -1;
	}
	errno = pthread_sigmask(SIG_UNBLOCK, &unblock, NULL);
	return errno == 0 ? 0 : err_sys(e, "unblock signals");
}

/* Block the signals and open a descriptor for them. Were one blocked that is to be ignored, the kernel would keep it for us. */
static int open_for(sigset_t *set, int *fd, struct err *e)
{
	*fd = -1;
	for (int n = 1; n < NSIG; n++) {
		if (ignored_on_purpose(n))
			sigdelset(set, n);
	}
	errno = pthread_sigmask(SIG_BLOCK, set, NULL);
	if (errno != 0)
		return err_sys(e, "block signals");
	*fd = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);
	return *fd >= 0 ? 0 : err_sys(e, "open a signalfd");
}

int signals_open(int *fd, struct err *e)
{
	/* Were CHLD ignored (it is inherited), the kernel would reap the children itself. */
	sigset_t set;
	sigfillset(&set);
	for (size_t i = 0; i < COUNTOF(unwatched); i++)
		sigdelset(&set, unwatched[i]);
	if (set_handler(SIGCHLD, SIG_DFL, e) != 0)
		return -1;
	return open_for(&set, fd, e);
}

int signals_open_stop(int *fd, struct err *e)
{
	sigset_t set;
	sigemptyset(&set);
	for (size_t i = 0; i < COUNTOF(ending); i++)
		sigaddset(&set, ending[i]);
	return open_for(&set, fd, e);
}

int signals_read(int fd, uint64_t *word, struct err *e)
{
	struct signalfd_siginfo info;
	ssize_t got;
	do
		got = read(fd, &info, sizeof(info));
	while (got < 0 && errno == EINTR);
	*word = 0;
	if (got != (ssize_t)sizeof(info))
		return got < 0 && errno == EAGAIN ? 0 : err_sys(e, "read a signal");
	if (info.ssi_code == SI_QUEUE)
		*word = info.ssi_ptr;
	return (int)info.ssi_signo;
}

int signals_next(int fd, struct err *e)
{
	uint64_t ignored;
	return signals_read(fd, &ignored, e);
}

int signals_reap(struct signals_child *out, struct err *e)
{
	int status;
	pid_t pid;
	do
		pid = waitpid(-1, &status, WNOHANG);
	while (pid < 0 && errno == EINTR);
	if (pid == 0 || (pid < 0 && errno == ECHILD))
		return 0;
	if (pid < 0)
		return err_sys(e, "wait for children");
	out->pid = pid;
	out->signal_number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	out->status = out->signal_number ? 128 + out->signal_number : WEXITSTATUS(status);
	return 1;
}

int signals_send_group(int32_t pgid, int signal_number, struct err *e)
{
	/* 0 is our own group, and -1 is everybody. */
	if (pgid <= 1)
		return err_set(e, ERR_KIND_BUG, "not a child's process group: %d", (int)pgid);
	if (kill(-pgid, signal_number) == 0 || errno == ESRCH)
		return 0;
	return err_sys(e, "send signal %d to process group %d", signal_number, (int)pgid);
}

int signals_wait(int fd, int64_t deadline_ms, struct err *e)
{
	for (;;) {
		struct pollfd wait_for = { .fd = fd, .events = POLLIN };
		int n = poll(&wait_for, 1, sys_poll_timeout(deadline_ms));
		if (n > 0)
			return 1;
		if (n < 0 && errno != EINTR)
			return err_sys(e, "wait for signals");
		if (n == 0 && sys_poll_timeout(deadline_ms) == 0)
			return 0;
	}
}

int signals_adopt_orphans(struct err *e)
{
	return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0 ? 0 : err_sys(e, "adopt orphans");
}
