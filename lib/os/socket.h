/* TCP with deadlines. All deadlines are monotonic milliseconds (sys_monotonic_ms) at which to
 * give up; negative: none. Once `stop` (may be NULL) was asked, whoever has to wait fails with stop_fail. */
#ifndef WS_OS_SOCKET_H
#define WS_OS_SOCKET_H

#include "base/defs.h"
#include "base/err.h"
#include "os/stop.h"

enum { SOCKET_ADDRESSES_MAX = 16, SOCKET_ADDRESS_MAX = 64 };

/* The addresses of a name, in the resolver's order. */
struct socket_addresses {
	size_t count;
	struct {
		unsigned char bytes[32]; /* a struct sockaddr_in or sockaddr_in6 */
		unsigned len;
	} list[SOCKET_ADDRESSES_MAX];
};

/* Resolve a host name or literal address. `*.localhost` and `localhost` are always loopback (RFC
 * 6761). Unknown name: UNAVAILABLE, not retryable; resolver failure: TRY_AGAIN and retryable.
 * libc's resolver knows no deadline (musl: 5 s for each name of the search list), so a child asks it,
 * which is killed when the time is up. */
int socket_resolve(const char *host, uint16_t port, int64_t deadline_ms, const struct stop *stop,
                   struct socket_addresses *out, struct err *e) MUST_CHECK;

/* One connection. The caller closes fd. */
struct socket {
	int fd; /* -1: none */
	const struct stop *stop;
};

/* Connect to one of the addresses, starting with number `first` modulo count; the next one is
 * tried beside it after 250 ms or at once on failure; the first that connects wins.
 * Non-blocking, TCP_NODELAY, CLOEXEC. s->stop is the caller's, and heeded. */
int socket_connect(const struct socket_addresses *a, size_t first, int64_t deadline_ms,
                   struct socket *s, struct err *e) MUST_CHECK;

/* Some bytes, at least 1; *got 0 at the end of the stream. Time out: TRY_AGAIN, retryable. */
int socket_read(const struct socket *s, void *p, size_t len, size_t *got, int64_t deadline_ms,
                struct err *e) MUST_CHECK;
/* Some bytes taken, at least 1. `stop_on_input`: returns with *put 0 when the peer has sent
 * something (an early answer) before anything could be written. */
int socket_write(const struct socket *s, const void *p, size_t len, size_t *put,
                 int64_t deadline_ms, bool stop_on_input, struct err *e) MUST_CHECK;
/* Wait for something to read, or the end: 1 there is, 0 the deadline passed. */
int socket_wait(const struct socket *s, int64_t deadline_ms, struct err *e) MUST_CHECK;
/* Whether bytes (or the end of the stream) can be read now. */
bool socket_readable(const struct socket *s);

#endif
