/* A thread that reads a signalfd. */
#include "os/stopper.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/mem.h"
#include "os/file.h"
#include "os/signals.h"
#include "os/sys.h"

struct stopper {
	struct stop *stop;
	int64_t grace_ms;
	int signals; /* signalfd */
	int closing; /* eventfd: the end of the thread */
	int number;  /* the thread's until it is joined */
	sigset_t kept;
	pthread_t thread;
};

/* The next signal, 0 at the deadline or when closing. */
static int next_signal(const struct stopper *s, int64_t deadline_ms, bool *closing)
{
	struct err ignored = ERR_INIT;
	for (;;) {
		struct pollfd fds[] = { { .fd = s->closing, .events = POLLIN },
			                { .fd = s->signals, .events = POLLIN } };
		int ready = poll(fds, COUNTOF(fds), sys_poll_timeout(deadline_ms));
		*closing = ready > 0 && fds[0].revents != 0;
		if (*closing || (ready == 0 && sys_poll_timeout(deadline_ms) == 0))
			return 0;
		int number = ready > 0 ? signals_next(s->signals, &ignored) : 0;
		if (number > 0)
			return number;
	}
}

static void *run_stopper(void *arg)
{
	struct stopper *s = arg;
	bool closing;
	s->number = next_signal(s, -1, &closing);
	if (closing)
		return NULL;
	stop_ask(s->stop);
	(void)next_signal(s, sys_monotonic_ms() + s->grace_ms, &closing);
	if (!closing)
		_exit(128 + s->number);
	return NULL;
}

static void wanted(sigset_t *set)
{
	static const int ending[] = { SIGTERM, SIGINT, SIGHUP };
	sigemptyset(set);
	for (size_t i = 0; i < COUNTOF(ending); i++) {
		struct sigaction now;
		if (sigaction(ending[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			sigaddset(set, ending[i]);
	}
}

static void stopper_free(struct stopper *s)
{
	file_close_auto(&s->signals);
	file_close_auto(&s->closing);
	mem_free(s);
}

static int open_all(struct stopper *s, const sigset_t *set)
{
	s->signals = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);
	s->closing = eventfd(0, EFD_CLOEXEC);
	if (s->signals < 0 || s->closing < 0)
		return errno;
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int rc = pthread_create(&s->thread, NULL, run_stopper, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

int stopper_open(struct stop *stop, int64_t grace_ms, struct stopper **out, struct err *e)
{
	sigset_t set;
	struct stopper *s = mem_new(1, sizeof(*s));
	s->stop = stop;
	s->grace_ms = grace_ms;
	s->signals = s->closing = -1;
	wanted(&set);
	pthread_sigmask(SIG_BLOCK, &set, &s->kept);
	int rc = open_all(s, &set);
	if (rc == 0) {
		*out = s;
		return 0;
	}
	pthread_sigmask(SIG_SETMASK, &s->kept, NULL);
	stopper_free(s);
	errno = rc;
	return err_sys(e, "watch for signals");
}

int stopper_wait(const struct stopper *s, int fd, struct err *e)
{
	struct pollfd fds[] = { { .fd = fd, .events = POLLIN },
		                { .fd = s ? stop_fd(s->stop) : -1, .events = POLLIN } };
	int ready;
	do
		ready = poll(fds, COUNTOF(fds), -1);
	while (ready < 0 && errno == EINTR);
	if (ready < 0)
		return err_sys(e, "wait for input");
	return fds[1].revents == 0;
}

int stopper_close(struct stopper *s)
{
	if (!s)
		return 0;
	(void)eventfd_write(s->closing, 1);
	pthread_join(s->thread, NULL);
	int number = s->number;
	sigset_t kept = s->kept;
	stopper_free(s);
	pthread_sigmask(SIG_SETMASK, &kept, NULL);
	return number;
}
