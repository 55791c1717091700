/* Names to addresses, and bytes with deadlines. The race of addresses is in socket_race.c. */
#include "os/socket.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"
#include "os/socket_race.h"
#include "os/sys.h"

static void add_address(struct socket_addresses *out, const void *address, size_t len)
{
	if (out->count == SOCKET_ADDRESSES_MAX || len > sizeof(out->list[0].bytes))
		return;
	memcpy(out->list[out->count].bytes, address, len);
	out->list[out->count++].len = (unsigned)len;
}

static bool is_localhost(struct str host)
{
	if (str_ends(host, S(".")))
		host.len--;
	struct str last;
	str_cut_last(host, '.', NULL, &last);
	return str_eq_nocase(last, S("localhost"));
}

/* RFC 6761 section 6.3: no resolver is asked. IPv4 first, because servers for tests often have
 * only it. */
static void add_loopback(uint16_t port, struct socket_addresses *out)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	memset(&v4, 0, sizeof(v4));
	memset(&v6, 0, sizeof(v6));
	v4.sin_family = AF_INET;
	v4.sin_port = htons(port);
	v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	v6.sin6_family = AF_INET6;
	v6.sin6_port = htons(port);
	v6.sin6_addr.s6_addr[15] = 1;
	add_address(out, &v4, sizeof(v4));
	add_address(out, &v6, sizeof(v6));
}

static int fail_resolve(const char *host, int code, int number, struct err *e)
{
	if (code == EAI_NONAME || code == EAI_NODATA)
		return err_set(e, ERR_KIND_UNAVAILABLE, "resolve %s: no such host", host);
	if (code == EAI_SYSTEM)
		err_set(e, ERR_KIND_TRY_AGAIN, "resolve %s: %s", host, strerror(number));
	else
		err_set(e, ERR_KIND_TRY_AGAIN, "resolve %s: %s", host, gai_strerror(code));
	e->retryable = true;
	return -1;
}

int socket_resolve(const char *host, uint16_t port, struct socket_addresses *out, struct err *e)
{
	out->count = 0;
	if (*host == '\0' || strchr(host, '%'))
		return err_set(e, ERR_KIND_USAGE, "not a host name: \"%s\"", host);
	if (is_localhost(str_of(host))) {
		add_loopback(port, out);
		return 0;
	}
	char service[8];
	snprintf(service, sizeof(service), "%u", (unsigned)port);
	struct addrinfo hints;
	memset(&hints, 0, sizeof(hints));
	hints.ai_family = AF_UNSPEC;
	hints.ai_socktype = SOCK_STREAM;
	hints.ai_flags = AI_NUMERICSERV;
	struct addrinfo *list = NULL;
	int code = getaddrinfo(host, service, &hints, &list);
	if (code != 0)
		return fail_resolve(host, code, errno, e);
	for (const struct addrinfo *a = list; a; a = a->ai_next) {
		if (a->ai_family == AF_INET || a->ai_family == AF_INET6)
			add_address(out, a->ai_addr, a->ai_addrlen);
	}
	freeaddrinfo(list);
	return out->count > 0 ? 0 : fail_resolve(host, EAI_NONAME, 0, e);
}

int socket_connect(const struct socket_addresses *a, size_t first, int64_t deadline_ms, int *fd,
                   struct err *e)
{
	return socket_race_connect(a, first, deadline_ms, fd, e);
}

/* Wait for one of `events`; they are in *got. Also when there is always something to do the
 * deadline ends it, or a peer that sends one byte a minute would keep us for ever. */
static int wait_for(int fd, short events, int64_t deadline_ms, const char *verb, short *got,
                    struct err *e)
{
	for (;;) {
		struct pollfd poll_fd = { .fd = fd, .events = events };
		int timeout_ms = sys_poll_timeout(deadline_ms);
		int n = timeout_ms == 0 ? 0 : poll(&poll_fd, 1, timeout_ms);
		*got = poll_fd.revents;
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return err_sys(e, "%s", verb);
		if (n < 0 || sys_poll_timeout(deadline_ms) != 0)
			continue;
		errno = ETIMEDOUT;
		return err_sys(e, "%s", verb);
	}
}

/* Whether the call is worth making (again) after waiting. */
static bool is_wait(void)
{
	return errno == EAGAIN || errno == EINTR;
}

static int check_time(int64_t deadline_ms, const char *verb, struct err *e)
{
	if (sys_poll_timeout(deadline_ms) != 0)
		return 0;
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

int socket_read(int fd, void *p, size_t len, size_t *got, int64_t deadline_ms, struct err *e)
{
	*got = 0;
	for (;;) {
		short ready;
		if (check_time(deadline_ms, "read", e) != 0)
			return -1;
		ssize_t n = recv(fd, p, len, 0);
		if (n >= 0) {
			*got = (size_t)n;
			return 0;
		}
		if (!is_wait())
			return err_sys(e, "read");
		acknowledge_at_once(fd);
		if (wait_for(fd, POLLIN, deadline_ms, "read", &ready, e) != 0)
			return -1;
	}
}

int socket_write(int fd, const void *p, size_t len, size_t *put, int64_t deadline_ms,
                 bool stop_on_input, struct err *e)
{
	short events = stop_on_input ? POLLIN | POLLOUT : POLLOUT;
	*put = 0;
	for (;;) {
		short ready;
		if (check_time(deadline_ms, "write", e) != 0)
			return -1;
		/* Looked at before each write: what is sent after the answer has come is sent in
		 * vain, and may make the peer reset the connection before the answer was read. */
		if (stop_on_input && socket_readable(fd))
			return 0;
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);
		if (n >= 0) {
			*put = (size_t)n;
			return 0;
		}
		if (!is_wait())
			return err_sys(e, "write");
		if (wait_for(fd, events, deadline_ms, "write", &ready, e) != 0)
			return -1;
	}
}

bool socket_readable(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	return poll(&poll_fd, 1, 0) > 0;
}
