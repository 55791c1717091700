/* RFC 8305 in small: an address that does not answer within 250 ms gets company. */
#include "os/socket_race.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/file.h"
#include "os/sys.h"

enum { RACE_STEP_MS = 250 };

struct race {
	const struct socket_addresses *addresses;
	size_t first;
	size_t started; /* attempts so far */
	size_t running; /* of those, the ones without an answer */
	struct pollfd
		attempt[SOCKET_ADDRESSES_MAX + 1]; /* fd -1: failed; behind them who asks to stop */
	int64_t next_ms;                           /* when the next one joins */
	int number;                                /* errno of the last failure */
	size_t failed;                             /* its attempt */
};

static size_t address_of(const struct race *r, size_t attempt)
{
	return (r->first + attempt) % r->addresses->count;
}

/* "192.0.2.1:443" for messages. */
static void describe(const struct race *r, size_t attempt, char out[SOCKET_ADDRESS_MAX])
{
	size_t i = address_of(r, attempt);
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	char text[INET6_ADDRSTRLEN] = "?";
	if (r->addresses->list[i].len == sizeof(v4)) {
		memcpy(&v4, r->addresses->list[i].bytes, sizeof(v4));
		inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text));
		snprintf(out, SOCKET_ADDRESS_MAX, "%s:%u", text, ntohs(v4.sin_port));
	} else {
		memcpy(&v6, r->addresses->list[i].bytes, sizeof(v6));
		inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
		snprintf(out, SOCKET_ADDRESS_MAX, "[%s]:%u", text, ntohs(v6.sin6_port));
	}
}

static void fail_attempt(struct race *r, size_t attempt, int number)
{
	if (r->attempt[attempt].fd >= 0) {
		close(r->attempt[attempt].fd);
		r->running--;
	}
	r->attempt[attempt].fd = -1;
	r->number = number;
	r->failed = attempt;
	r->next_ms = 0; /* at once */
}

static void start_next(struct race *r)
{
	size_t attempt = r->started++;
	size_t i = address_of(r, attempt);
	struct sockaddr_storage address;
	memset(&address, 0, sizeof(address));
	memcpy(&address, r->addresses->list[i].bytes, sizeof(r->addresses->list[i].bytes));
	int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	r->attempt[attempt] = (struct pollfd){ .fd = fd, .events = POLLOUT };
	if (fd < 0) {
		fail_attempt(r, attempt, errno);
		return;
	}
	int on = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	r->running++;
	r->next_ms = sys_monotonic_ms() + RACE_STEP_MS;
	if (connect(fd, (struct sockaddr *)&address, r->addresses->list[i].len) != 0 &&
	    errno != EINPROGRESS && errno != EINTR)
		fail_attempt(r, attempt, errno);
}

/* The descriptor of an attempt that came through, or -1. */
static int take_winner(struct race *r)
{
	for (size_t i = 0; i < r->started; i++) {
		if (r->attempt[i].fd < 0 || r->attempt[i].revents == 0)
			continue;
		int number = 0;
		socklen_t len = sizeof(number);
		if (getsockopt(r->attempt[i].fd, SOL_SOCKET, SO_ERROR, &number, &len) != 0)
			number = errno;
		if (number == 0) {
			r->running--;
			return file_take(&r->attempt[i].fd);
		}
		fail_attempt(r, i, number);
	}
	return -1;
}

/* Whether there is an address left that was not tried. */
static bool more_to_start(const struct race *r)
{
	return r->started < r->addresses->count;
}

/* Poll until something answers, the next address may join, or the time is up. A descriptor or
 * -1. */
static int run_step(struct race *r, int64_t deadline_ms, const struct stop *stop)
{
	int64_t until_ms = deadline_ms;
	if (more_to_start(r) && (until_ms < 0 || r->next_ms < until_ms))
		until_ms = r->next_ms;
	r->attempt[r->started] = (struct pollfd){ .fd = stop_fd(stop), .events = POLLIN };
	if (poll(r->attempt, r->started + 1, sys_poll_timeout(until_ms)) <= 0)
		return -1;
	return take_winner(r);
}

static void race_end(struct race *r)
{
	for (size_t i = 0; i < r->started; i++)
		file_close_auto(&r->attempt[i].fd);
}

static int fail_race(const struct race *r, size_t attempt, int number, struct err *e)
{
	char address[SOCKET_ADDRESS_MAX];
	describe(r, attempt, address);
	errno = number;
	return err_sys(e, "connect to %s", address);
}

int socket_race_connect(const struct socket_addresses *a, size_t first, int64_t deadline_ms,
                        struct socket *s, struct err *e)
{
	s->fd = -1;
	if (a->count == 0 || a->count > SOCKET_ADDRESSES_MAX)
		return err_set(e, ERR_KIND_BUG, "connect: no address");
	AUTO(race_end) struct race r = { .addresses = a, .first = first % a->count };
	while (sys_poll_timeout(deadline_ms) != 0) {
		if (more_to_start(&r) && (r.running == 0 || sys_monotonic_ms() >= r.next_ms))
			start_next(&r);
		if (r.running == 0 && !more_to_start(&r))
			return fail_race(&r, r.failed, r.number, e);
		if (r.running == 0)
			continue;
		s->fd = run_step(&r, deadline_ms, s->stop);
		if (s->fd >= 0)
			return 0;
		if (stop_asked(s->stop))
			return stop_fail(e);
	}
	return fail_race(&r, r.started > 0 ? r.started - 1 : 0, ETIMEDOUT, e);
}
