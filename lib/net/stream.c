/* A connection: a socket, with TLS on it or with a buffer that joins small writes. */
#include "net/stream.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/url_host.h"
#include "net/tls.h"
#include "os/file.h"
#include "os/socket.h"

enum { BUFFER = 16384 }; /* a request's head with a small body goes out in one segment run */

struct stream {
	struct socket socket;
	struct tls *tls; /* NULL: plain */
	bool forwarded;  /* through a proxy, by `forward` */
	struct stream_forward forward;
	bool ended;
	size_t from, to; /* what is not sent yet in `buffer`; plain only */
	char buffer[BUFFER];
};

/* Split "host", "host:port", "[v6]", "[v6]:port". */
static int parse_connect_to(const char *text, char host[URL_HOST_MAX], uint16_t *port,
                            struct err *e)
{
	struct str s = str_of(text), name, rest;
	uint64_t number = *port;
	bool with_port;
	if (str_starts(s, S("["))) {
		bool closed = str_cut(str_skip(s, 1), ']', &name, &rest);
		with_port = rest.len > 0;
		if (!closed || (with_port && rest.p[0] != ':'))
			name = S("");
		rest = str_skip(rest, 1);
	} else {
		with_port = str_cut(s, ':', &name, &rest);
	}
	if (with_port && (num_parse_digits(rest, 10, &number) < 0 || number == 0 || number > 65535))
		name = S("");
	if (name.len == 0 || str_copy(name, host, URL_HOST_MAX) < 0)
		return err_set(e, ERR_KIND_USAGE, "connect to \"%.100s\": not host[:port]", text);
	*port = (uint16_t)number;
	return 0;
}

bool stream_stays_here(const char *connect_to)
{
	struct err ignored = ERR_INIT;
	struct url url = { .port = 1 };
	if (parse_connect_to(connect_to, url.host, &url.port, &ignored) < 0)
		return false;
	url.host_is_ipv6 = url_host_is_ipv6(str_of(url.host));
	return url_is_loopback(&url);
}

/* The socket to the proxy if there is one, else to the target or what is to be connected to instead. */
static int connect_target(const struct stream_target *target, const struct proxy *proxy,
                          int64_t deadline_ms, struct socket *s, struct err *e)
{
	struct socket_addresses addresses;
	const struct url *first = proxy->used ? &proxy->url : target->url;
	char host[URL_HOST_MAX];
	uint16_t port = first->port;
	memcpy(host, first->host, sizeof(host));
	if (target->connect_to != NULL && parse_connect_to(target->connect_to, host, &port, e) < 0)
		return -1;
	if (socket_resolve(host, port, deadline_ms, target->stop, &addresses, e) < 0)
		return -1;
	return socket_connect(&addresses, target->first_address, deadline_ms, s, e);
}

static char *address_text(const struct url *url)
{
	char host[URL_HOST_MAX + 16];
	return mem_printf("http://%s", url_host_field(url, host, sizeof(host)));
}

static void start_forwarding(struct stream *s, const struct stream_target *target,
                             const struct proxy *proxy)
{
	bool user = proxy->authorization[0] != '\0';
	s->forwarded = true;
	s->forward.origin = address_text(target->url);
	s->forward.proxy = address_text(&proxy->url);
	s->forward.fields = user ? mem_printf("Proxy-Authorization: %s\r\n", proxy->authorization)
	                         : mem_text("");
}

static void stop_forwarding(struct stream_forward *f)
{
	if (f->fields != NULL)
		mem_wipe(f->fields, strlen(f->fields));
	mem_free(f->fields);
	mem_free(f->origin);
	mem_free(f->proxy);
}

static int start_tls(struct stream *s, const struct stream_target *target, int64_t deadline_ms,
                     struct err *e)
{
	if (target->trust == NULL)
		return err_set(e, ERR_KIND_BUG, "https without trust anchors");
	char server[URL_HOST_MAX + 16];
	struct tls_target to = {
		.host = target->url->host,
		.server = url_host_field(target->url, server, sizeof(server)),
		.trust = target->trust,
		.identity = target->identity,
		.sessions = target->sessions,
	};
	return tls_open(&s->socket, &to, deadline_ms, &s->tls, e);
}

/* A connection to the proxy (if any) or the target, with a tunnel if there has to be one. */
static int reach(const struct stream_target *target, const struct proxy *proxy, int64_t deadline_ms,
                 struct socket *s, struct err *e)
{
	char host[URL_HOST_MAX + 16];
	if (connect_target(target, proxy, deadline_ms, s, e) == 0 &&
	    (!proxy->used || !target->url->https ||
	     proxy_connect(s, proxy, target->url, deadline_ms, e) == 0))
		return 0;
	if (proxy->used)
		err_context(e, "proxy %s", url_host_field(&proxy->url, host, sizeof(host)));
	return -1;
}

static int open_through(const struct stream_target *target, const struct proxy *proxy,
                        int64_t deadline_ms, struct stream **out, struct err *e)
{
	char host[URL_HOST_MAX + 16];
	struct stream *s = mem_new(1, sizeof(*s));
	s->socket = (struct socket){ .fd = -1, .stop = target->stop };
	url_host_field(target->url, host, sizeof(host));
	if (reach(target, proxy, deadline_ms, &s->socket, e) < 0) {
		stream_close(s);
		return err_context(e, "%s", host);
	}
	if (target->url->https && start_tls(s, target, deadline_ms, e) < 0) {
		stream_close(s);
		return err_context(e, "https://%s", host);
	}
	if (proxy->used && !target->url->https)
		start_forwarding(s, target, proxy);
	*out = s;
	return 0;
}

int stream_open(const struct stream_target *target, int64_t deadline_ms, struct stream **out,
                struct err *e)
{
	struct proxy proxy = { .used = false };
	int r = 0;
	if (target->proxies != NULL && target->connect_to == NULL)
		r = proxy_find(target->proxies, target->url, &proxy, e);
	if (r == 0)
		r = open_through(target, &proxy, deadline_ms, out, e);
	proxy_wipe(&proxy);
	return r;
}

void stream_close(struct stream *s)
{
	if (s == NULL)
		return;
	tls_close(s->tls);
	file_close_auto(&s->socket.fd);
	stop_forwarding(&s->forward);
	mem_free(s);
}

const struct stream_forward *stream_forward(const struct stream *s)
{
	return s->forwarded ? &s->forward : NULL;
}

void stream_heed(struct stream *s, const struct stop *stop)
{
	s->socket.stop = stop;
}

bool stream_ended(const struct stream *s)
{
	return s->ended;
}

/* Note whether the failure in *e means that the peer is gone. */
static int failed(struct stream *s, const struct err *e)
{
	s->ended = e->sys_errno == ECONNRESET || e->sys_errno == EPIPE;
	return -1;
}

int stream_read(struct stream *s, void *p, size_t len, size_t *got, int64_t deadline_ms,
                struct err *e)
{
	int r = s->tls != NULL ? tls_read(s->tls, p, len, got, deadline_ms, e)
	                       : socket_read(&s->socket, p, len, got, deadline_ms, e);
	if (r < 0)
		return failed(s, e);
	s->ended = *got == 0;
	return 0;
}

/* Empty the buffer: 1 done, 0 stopped, -1. */
static int drain(struct stream *s, bool may_stop, int64_t deadline_ms, struct err *e)
{
	while (s->from < s->to) {
		size_t put;
		if (socket_write(&s->socket, s->buffer + s->from, s->to - s->from, &put,
		                 deadline_ms, may_stop, e) < 0)
			return -1;
		if (put == 0)
			return 0;
		s->from += put;
	}
	s->from = s->to = 0;
	return 1;
}

static size_t fill(struct stream *s, const char *p, size_t len)
{
	size_t n = len < BUFFER - s->to ? len : BUFFER - s->to;
	memcpy(s->buffer + s->to, p, n);
	s->to += n;
	return n;
}

/* Small pieces are joined in the buffer; large ones are sent from where they are, behind a full buffer. */
static int write_plain(struct stream *s, const char *p, size_t len, bool may_stop, size_t *done,
                       int64_t deadline_ms, struct err *e)
{
	if (s->to > 0 || len < BUFFER)
		*done = fill(s, p, len);
	if (*done == len)
		return 0;
	int r = drain(s, may_stop, deadline_ms, e);
	while (r > 0 && len - *done >= BUFFER) {
		size_t put;
		r = socket_write(&s->socket, p + *done, len - *done, &put, deadline_ms, may_stop,
		                 e);
		r = r < 0 ? -1 : put > 0;
		*done += put;
	}
	if (r > 0)
		*done += fill(s, p + *done, len - *done);
	return r < 0 ? -1 : 0;
}

int stream_write(struct stream *s, const void *p, size_t len, size_t *put, int64_t deadline_ms,
                 struct err *e)
{
	size_t done = 0;
	int r = s->tls != NULL ? tls_write(s->tls, p, len, put != NULL, &done, deadline_ms, e)
	                       : write_plain(s, p, len, put != NULL, &done, deadline_ms, e);
	if (put != NULL)
		*put = done;
	return r < 0 ? failed(s, e) : 0;
}

int stream_flush(struct stream *s, bool *early, int64_t deadline_ms, struct err *e)
{
	bool may_stop = early != NULL;
	int r = s->tls != NULL ? tls_flush(s->tls, may_stop, deadline_ms, e)
	                       : drain(s, may_stop, deadline_ms, e);
	if (may_stop)
		*early = r == 0;
	return r < 0 ? failed(s, e) : 0;
}

int stream_wait(struct stream *s, int64_t deadline_ms, struct err *e)
{
	if (s->tls != NULL && tls_has_input(s->tls))
		return 1;
	return socket_wait(&s->socket, deadline_ms, e);
}

bool stream_is_idle(struct stream *s)
{
	return !s->ended && !(s->tls != NULL && tls_has_input(s->tls)) &&
	       !socket_readable(&s->socket);
}
