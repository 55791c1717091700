/* Names to addresses. libc's resolver blocks as long as it likes, so a child asks it. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "base/str.h"
#include "os/proc.h"
#include "os/socket.h"

/* What is asked, and in memory that the child shares, what comes back. */
struct question {
	const char *host;
	uint16_t port;
	int flags; /* of getaddrinfo */
	struct socket_addresses answer;
};

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

static int ask(void *ctx, struct err *e)
{
	struct question *q = ctx;
	char service[8];
	struct addrinfo hints, *list = NULL;
	snprintf(service, sizeof(service), "%u", (unsigned)q->port);
	memset(&hints, 0, sizeof(hints));
	hints.ai_family = AF_UNSPEC;
	hints.ai_socktype = SOCK_STREAM;
	hints.ai_flags = AI_NUMERICSERV | q->flags;
	int code = getaddrinfo(q->host, service, &hints, &list);
	if (code != 0)
		return fail_resolve(q->host, code, errno, e);
	for (const struct addrinfo *a = list; a; a = a->ai_next) {
		if (a->ai_family == AF_INET || a->ai_family == AF_INET6)
			add_address(&q->answer, a->ai_addr, a->ai_addrlen);
	}
	freeaddrinfo(list);
	return q->answer.count > 0 ? 0 : fail_resolve(q->host, EAI_NONAME, 0, e);
}

static int ask_child(struct question *q, int64_t deadline_ms, const struct stop *stop,
                     struct err *e)
{
	struct proc_task child;
	struct err why = ERR_INIT;
	int result = -1;
	/* Where no process can be had, an answer without a deadline is better than none. */
	if (proc_fork_task(ask, q, &child, &why) != 0)
		return ask(q, e);
	int ended = proc_wait_task(&child, deadline_ms, stop_fd(stop), &result, e);
	if (ended == 1)
		return result;
	proc_kill_task(&child);
	if (stop_asked(stop))
		return stop_fail(e);
	if (ended == 0) {
		errno = ETIMEDOUT;
		err_sys(e, "resolve %s", q->host);
	}
	return -1;
}

static int ask_in_time(const struct question *asked, int64_t deadline_ms, const struct stop *stop,
                       struct socket_addresses *out, struct err *e)
{
	struct question *q =
		mmap(NULL, sizeof(*q), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (q == MAP_FAILED)
		return err_sys(e, "map memory");
	*q = *asked;
	int result = ask_child(q, deadline_ms, stop, e);
	*out = q->answer;
	munmap(q, sizeof(*q));
	return result;
}

int socket_resolve(const char *host, uint16_t port, int64_t deadline_ms, const struct stop *stop,
                   struct socket_addresses *out, struct err *e)
{
	struct question q = { .host = host, .port = port, .flags = AI_NUMERICHOST };
	struct err not_numeric = ERR_INIT;
	out->count = 0;
	if (*host == '\0' || strchr(host, '%'))
		return err_set(e, ERR_KIND_USAGE, "not a host name: \"%s\"", host);
	if (is_localhost(str_of(host))) {
		add_loopback(port, out);
		return 0;
	}
	if (ask(&q, &not_numeric) == 0) {
		*out = q.answer;
		return 0;
	}
	q.flags = 0;
	return ask_in_time(&q, deadline_ms, stop, out, e);
}
