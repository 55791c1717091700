/*
 * One connection to a server, plain or TLS 1.2 (ECDHE and AEAD suites only), with deadlines (monotonic
 * milliseconds). Used by one thread at a time.
 */
#ifndef WS_NET_STREAM_H
#define WS_NET_STREAM_H

#include "base/defs.h"
#include "base/err.h"
#include "base/url.h"
#include "net/identity.h"
#include "net/proxy.h"
#include "net/tls_sessions.h"
#include "net/trust.h"
#include "os/stop.h"

struct stream;

struct stream_target {
	const struct url *url;     /* scheme, host, port */
	const struct trust *trust; /* needed for https */
	const char *
		connect_to; /* "host[:port]" to connect to instead; the name checked stays url's; or NULL */
	size_t first_address;            /* spreads connections over the addresses of the name */
	const struct identity *identity; /* NULL: no client certificate */
	struct tls_sessions *sessions;   /* NULL: each TLS handshake is a full one */
	const struct proxy_env *proxies; /* NULL: never through a proxy; nor with connect_to */
	const struct stop *stop;         /* NULL, or who ends the waiting once asked; also later */
};

/* RFC 9112 section 3.2.2: the request names the whole URL. */
struct stream_forward {
	char *origin; /* "http://host:port", goes in front of the path */
	char *fields; /* "Proxy-Authorization: ...\r\n" or ""; secret */
	char *proxy;  /* "http://host:port", for messages */
};

/* Whether such a connect_to leads to this very machine (loopback). */
bool stream_stays_here(const char *connect_to);
/* Resolve, connect, and shake hands. Certificate trouble: UNAVAILABLE with a message that says what is wrong
 * (expired and the clock, wrong name and the names it has, unknown issuer and --ca-bundle, TLS 1.3 only). */
int stream_open(const struct stream_target *target, int64_t deadline_ms, struct stream **out,
                struct err *e) MUST_CHECK;
/* At least one byte, or *got 0 at the end: a TLS stream that ends without close_notify is an error. */
int stream_read(struct stream *s, void *p, size_t len, size_t *got, int64_t deadline_ms,
                struct err *e) MUST_CHECK;
/* Send, buffered until stream_flush. With `put` NULL all of it; else sending stops when the peer has sent
 * something first, and *put says how many of the bytes were taken (less than `len` means stopped). */
int stream_write(struct stream *s, const void *p, size_t len, size_t *put, int64_t deadline_ms,
                 struct err *e) MUST_CHECK;
/* Send what is buffered. With `early` (may be NULL) it stops when the peer has sent something first, and sets
 * *early; what is still buffered then goes with the next write or flush. */
int stream_flush(struct stream *s, bool *early, int64_t deadline_ms, struct err *e) MUST_CHECK;
/* Wait for something to read: 1 there is (or the end), 0 the deadline passed. */
int stream_wait(struct stream *s, int64_t deadline_ms, struct err *e) MUST_CHECK;
/* What each request needs that a proxy forwards (plain http through a proxy); NULL when the server itself is at the other end. */
const struct stream_forward *stream_forward(const struct stream *s);
/* From now on somebody else ends the waiting. */
void stream_heed(struct stream *s, const struct stop *stop);
/* Whether the peer ended the connection: seen by the last read or write. */
bool stream_ended(const struct stream *s);
/* Whether an idle connection is still good: nothing to read and not closed. */
bool stream_is_idle(struct stream *s);
void stream_close(struct stream *s);

#endif
