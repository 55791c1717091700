/* Bytes with deadlines. Names to addresses is socket_resolve.c, the race of addresses socket_race.c. */
#include "os/socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "os/socket_race.h"
#include "os/sys.h"

int socket_connect(const struct socket_addresses *a, size_t first, int64_t deadline_ms,
                   struct socket *s, struct err *e)
{
	return socket_race_connect(a, first, deadline_ms, s, e);
}

/* Wait for one of `events`: 1, 0 the time is up. Also when there is always something to do the
 * deadline ends it, or a peer that sends one byte a minute would keep us for ever. */
static int wait_for(const struct socket *s, short events, int64_t deadline_ms, const char *verb,
                    struct err *e)
{
	for (;;) {
		struct pollfd fds[] = { { .fd = s->fd, .events = events },
			                { .fd = stop_fd(s->stop), .events = POLLIN } };
		int timeout_ms = sys_poll_timeout(deadline_ms);
		int n = timeout_ms == 0 ? 0 : poll(fds, COUNTOF(fds), timeout_ms);
		if (stop_asked(s->stop))
			return stop_fail(e);
		if (n > 0)
			return 1;
		if (n < 0 && errno != EINTR)
			return err_sys(e, "%s", verb);
		if (n == 0 && sys_poll_timeout(deadline_ms) == 0)
			return 0;
	}
}

/* Whether the call is worth making (again) after waiting. */
static bool is_wait(void)
{
	return errno == EAGAIN || errno == EINTR;
}

static int late(const char *verb, struct err *e)
{
	errno = ETIMEDOUT;
	return err_sys(e, "%s", verb);
}

/* A server that sends the head and the body of an answer apart, with Nagle's algorithm on (Ceph does), waits for our
 * acknowledgement of the first, which the kernel would delay by 40 ms. The option does not last: it is set anew. */
static void acknowledge_at_once(int fd)
{
	int on = 1;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
}

int socket_read(const struct socket *s, void *p, size_t len, size_t *got, int64_t deadline_ms,
                struct err *e)
{
	*got = 0;
	for (;;) {
		if (sys_poll_timeout(deadline_ms) == 0)
			return late("read", e);
		ssize_t n = recv(s->fd, p, len, 0);
		if (n >= 0) {
			*got = (size_t)n;
			return 0;
		}
		if (!is_wait())
			return err_sys(e, "read");
		acknowledge_at_once(s->fd);
		if (wait_for(s, POLLIN, deadline_ms, "read", e) < 0)
			return -1;
	}
}

int socket_write(const struct socket *s, const void *p, size_t len, size_t *put,
                 int64_t deadline_ms, bool stop_on_input, struct err *e)
{
	short events = stop_on_input ? POLLIN | POLLOUT : POLLOUT;
	*put = 0;
	for (;;) {
		if (sys_poll_timeout(deadline_ms) == 0)
			return late("write", e);
		/* Looked at before each write: what is sent after the answer has come is sent in
		 * vain, and may make the peer reset the connection before the answer was read. */
		if (stop_on_input && socket_readable(s))
			return 0;
		ssize_t n = send(s->fd, p, len, MSG_NOSIGNAL);
		if (n >= 0) {
			*put = (size_t)n;
			return 0;
		}
		if (!is_wait())
			return err_sys(e, "write");
		if (wait_for(s, events, deadline_ms, "write", e) < 0)
			return -1;
	}
}

int socket_wait(const struct socket *s, int64_t deadline_ms, struct err *e)
{
	return wait_for(s, POLLIN, deadline_ms, "read", e);
}

bool socket_readable(const struct socket *s)
{
	struct pollfd poll_fd = { .fd = s->fd, .events = POLLIN };
	return poll(&poll_fd, 1, 0) > 0;
}
