/* Connecting, reading and writing on loopback, with peers that refuse, stall, answer early and
 * leave. */
#include "os/socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "os/sys.h"
#include "scratch.h"
#include "tap.h"

static void drop(struct socket *s)
{
	file_close_auto(&s->fd);
}
#define SOCKET_AUTO AUTO(drop) struct socket

/* A socket that listens on 127.0.0.1; the port goes to *port. */
static int listen_on(int backlog, uint16_t *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0 || listen(fd, backlog) != 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) != 0) {
		perror("Bail out! listen");
		exit(1);
	}
	*port = ntohs(a.sin_port);
	return fd;
}

/* Add the loopback address with `port` to a list. */
static void add(struct socket_addresses *list, uint16_t port)
{
	struct socket_addresses one;
	struct err e = ERR_INIT;
	if (socket_resolve("127.0.0.1", port, -1, NULL, &one, &e) == 0)
		list->list[list->count++] = one.list[0];
}

static void test_resolve(void)
{
	static const struct {
		const char *host;
		size_t count; /* 0: refused */
		int family;
	} cases[] = {
		{ "127.0.0.1", 1, AF_INET },     { "::1", 1, AF_INET6 },
		{ "10.1.2.3", 1, AF_INET },      { "localhost", 2, AF_INET },
		{ "LocalHost", 2, AF_INET },     { "localhost.", 2, AF_INET },
		{ "x.y.localhost", 2, AF_INET }, { "", 0, 0 },
		{ "fe80::1%eth0", 0, 0 },
	};
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		struct socket_addresses list;
		struct err e = ERR_INIT;
		int rc = socket_resolve(cases[i].host, 9000, -1, NULL, &list, &e);
		if (cases[i].count == 0) {
			TAP_OK(rc != 0 && e.kind == ERR_KIND_USAGE, "\"%s\" is refused",
			       cases[i].host);
			continue;
		}
		struct sockaddr_in a;
		memcpy(&a, list.list[0].bytes, sizeof(a));
		TAP_OK(rc == 0 && list.count == cases[i].count && a.sin_family == cases[i].family &&
		               ntohs(a.sin_port) == 9000,
		       "%s has %d address(es)", cases[i].host, (int)cases[i].count);
	}
}

/* A port on which nobody listens: it was somebody's a moment ago. */
static uint16_t closed_port(void)
{
	uint16_t port;
	close(listen_on(1, &port));
	return port;
}

/* A listener whose queue is full, so that the kernel drops what comes. */
static int full_listener(uint16_t *port, int fillers[4])
{
	int fd = listen_on(0, port);
	struct sockaddr_in a = { .sin_family = AF_INET,
		                 .sin_port = htons(*port),
		                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	for (int i = 0; i < 4; i++) {
		fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		int rc = connect(fillers[i], (struct sockaddr *)&a, sizeof(a));
		(void)rc;
	}
	return fd;
}

/* TCP_NODELAY */
static bool sends_at_once(int fd)
{
	int on = 0;
	socklen_t len = sizeof(on);
	return getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &len) == 0 && on != 0;
}

static void test_connect(void)
{
	struct err e = ERR_INIT;
	uint16_t port, stalled_port;
	int fillers[4];
	FD_AUTO server = listen_on(8, &port);
	FD_AUTO stalled = full_listener(&stalled_port, fillers);
	SOCKET_AUTO a = { .fd = -1 };
	SOCKET_AUTO b = { .fd = -1 };
	SOCKET_AUTO c = { .fd = -1 };
	SOCKET_AUTO d = { .fd = -1 };
	int64_t now_ms = sys_monotonic_ms();
	struct socket_addresses list = { 0 };
	TAP_OK(socket_connect(&list, 0, now_ms + 5000, &a, &e) != 0 && e.kind == ERR_KIND_BUG,
	       "no address is a bug");
	err_clear(&e);
	add(&list, closed_port());
	TAP_OK(socket_connect(&list, 7, now_ms + 5000, &a, &e) != 0 &&
	               e.kind == ERR_KIND_UNAVAILABLE && e.retryable && strstr(e.msg, "127.0.0.1:"),
	       "a refusal names the address: %s", e.msg);
	err_clear(&e);
	add(&list, port);
	TAP_OK(socket_connect(&list, 0, now_ms + 5000, &a, &e) == 0,
	       "the next address is tried at once");
	TAP_OK(sys_monotonic_ms() - now_ms < 200, "without waiting");
	TAP_OK(socket_connect(&list, 1, -1, &b, &e) == 0, "another address may be the first");
	TAP_OK(fcntl(a.fd, F_GETFD) == FD_CLOEXEC && (fcntl(a.fd, F_GETFL) & O_NONBLOCK),
	       "a connection is non-blocking and closed on exec");
	TAP_OK(sends_at_once(a.fd) && sends_at_once(b.fd), "and sends small pieces at once");
	struct socket_addresses slow = { 0 };
	add(&slow, stalled_port);
	TAP_OK(socket_connect(&slow, 0, sys_monotonic_ms() + 30, &c, &e) != 0 &&
	               e.kind == ERR_KIND_TRY_AGAIN && e.retryable && e.sys_errno == ETIMEDOUT,
	       "an address that does not answer costs the time that was given: %s", e.msg);
	err_clear(&e);
	TAP_OK(socket_connect(&slow, 0, 0, &c, &e) != 0 && e.kind == ERR_KIND_TRY_AGAIN,
	       "none when there is none");
	err_clear(&e);
	add(&slow, port);
	now_ms = sys_monotonic_ms();
	TAP_OK(socket_connect(&slow, 0, now_ms + 5000, &d, &e) == 0,
	       "it gets company after a while");
	TAP_OK(sys_monotonic_ms() - now_ms < 1000, "which is short");
	for (size_t i = 0; i < COUNTOF(fillers); i++)
		close(fillers[i]);
}

/* Both ends of a connection; ours is non-blocking. */
static void connected(struct socket *ours, int *theirs)
{
	uint16_t port;
	struct err e = ERR_INIT;
	struct socket_addresses list = { 0 };
	FD_AUTO server = listen_on(1, &port);
	add(&list, port);
	if (socket_connect(&list, 0, sys_monotonic_ms() + 5000, ours, &e) != 0) {
		printf("Bail out! %s\n", e.msg);
		exit(1);
	}
	*theirs = accept4(server, NULL, NULL, SOCK_CLOEXEC);
}

static void test_read(void)
{
	struct err e = ERR_INIT;
	SOCKET_AUTO ours = { .fd = -1 };
	FD_AUTO theirs = -1;
	char text[16];
	size_t got;
	connected(&ours, &theirs);
	int64_t soon_ms = sys_monotonic_ms() + 15;
	TAP_OK(!socket_readable(&ours), "nothing has come");
	TAP_OK(socket_read(&ours, text, sizeof(text), &got, soon_ms, &e) != 0 &&
	               e.kind == ERR_KIND_TRY_AGAIN && e.retryable,
	       "a silent peer is an error when the time is up: %s", e.msg);
	TAP_OK(sys_monotonic_ms() >= soon_ms, "not before");
	err_clear(&e);
	TAP_OK(write(theirs, "hello", 5) == 5 && socket_read(&ours, text, 3, &got, -1, &e) == 0 &&
	               got == 3 && socket_readable(&ours),
	       "some bytes are read");
	TAP_OK(socket_read(&ours, text, sizeof(text), &got, sys_monotonic_ms() + 5000, &e) == 0 &&
	               got == 2,
	       "and the others");
	TAP_OK(write(theirs, "!", 1) == 1 && socket_read(&ours, text, 1, &got, 0, &e) != 0 &&
	               e.kind == ERR_KIND_TRY_AGAIN,
	       "a peer that drips does not stretch the time");
	err_clear(&e);
	file_close_auto(&theirs);
	TAP_OK(socket_read(&ours, text, sizeof(text), &got, -1, &e) == 0 && got == 1 &&
	               socket_read(&ours, text, sizeof(text), &got, -1, &e) == 0 && got == 0,
	       "then comes the end");
	TAP_OK(socket_readable(&ours), "which can be read again");
}

/* Write until the kernel takes no more. */
static int fill(const struct socket *s, bool stop_on_input, int64_t deadline_ms, size_t *last,
                struct err *e)
{
	static const char bytes[64 * 1024];
	for (int i = 0; i < 1000; i++) {
		if (socket_write(s, bytes, sizeof(bytes), last, deadline_ms, stop_on_input, e) != 0)
			return -1;
		if (*last == 0)
			return 0;
	}
	return -1;
}

static void test_write(void)
{
	struct err e = ERR_INIT;
	SOCKET_AUTO ours = { .fd = -1 };
	FD_AUTO theirs = -1;
	size_t put;
	connected(&ours, &theirs);
	TAP_OK(fill(&ours, false, sys_monotonic_ms() + 50, &put, &e) != 0 &&
	               e.kind == ERR_KIND_TRY_AGAIN && e.sys_errno == ETIMEDOUT,
	       "a peer that does not read is an error when the time is up: %s", e.msg);
	err_clear(&e);
	TAP_OK(write(theirs, "403", 3) == 3 &&
	               fill(&ours, true, sys_monotonic_ms() + 5000, &put, &e) == 0,
	       "an early answer stops the writing");
	TAP_OK(socket_write(&ours, "x", 1, &put, sys_monotonic_ms() + 5000, true, &e) == 0 &&
	               put == 0,
	       "as long as it was not read");
	file_close_auto(&theirs);
	int rc = 0;
	for (int i = 0; i < 100 && rc == 0; i++)
		rc = socket_write(&ours, "x", 1, &put, sys_monotonic_ms() + 5000, false, &e);
	TAP_OK(rc != 0 && (e.sys_errno == EPIPE || e.sys_errno == ECONNRESET),
	       "a peer that left is an error, not a signal: %s", e.msg);
}

/* Without a deadline: only the stop can end it. */
static void test_stop(void)
{
	struct err e = ERR_INIT;
	struct stop *stop;
	uint16_t port;
	int fillers[4];
	size_t n;
	char text[4];
	SOCKET_AUTO ours = { .fd = -1 };
	FD_AUTO theirs = -1;
	FD_AUTO full = full_listener(&port, fillers);
	if (stop_open(&stop, &e))
		return;
	connected(&ours, &theirs);
	ours.stop = stop;
	stop_ask(stop);
	TAP_OK(socket_read(&ours, text, sizeof(text), &n, -1, &e) != 0 && !e.retryable,
	       "who was asked to stop does not wait for an answer: %s", e.msg);
	err_clear(&e);
	TAP_OK(socket_wait(&ours, -1, &e) == -1, "nor for the first byte of it");
	err_clear(&e);
	TAP_OK(fill(&ours, false, -1, &n, &e) != 0 && strstr(e.msg, "interrupted"),
	       "nor for room to write");
	err_clear(&e);
	struct socket_addresses list = { 0 };
	SOCKET_AUTO none = { .fd = -1, .stop = stop };
	add(&list, port);
	TAP_OK(socket_connect(&list, 0, -1, &none, &e) != 0 && strstr(e.msg, "interrupted"),
	       "nor for an address that does not answer");
	for (size_t i = 0; i < COUNTOF(fillers); i++)
		close(fillers[i]);
	stop_close(stop);
}

int main(void)
{
	test_resolve();
	test_connect();
	test_read();
	test_write();
	test_stop();
	return tap_done();
}
