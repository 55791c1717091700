/*
 * Internal to net: a TLS 1.2 client (BearSSL) over a connected non-blocking socket. Deadlines are monotonic
 * milliseconds. Once the handshake is done, ends of the stream and errors are as stream.h says.
 */
#ifndef WS_NET_TLS_H
#define WS_NET_TLS_H

#include "base/defs.h"
#include "base/err.h"
#include "net/identity.h"
#include "net/tls_sessions.h"
#include "net/trust.h"
#include "os/socket.h"

struct tls;

/* Whom to shake hands with, and how. */
struct tls_target {
	const char *host;   /* a name or an address: whose certificate it must be */
	const char *server; /* "host:port": whose sessions can be taken up */
	const struct trust *trust;
	const struct identity *identity; /* NULL: no client certificate */
	struct tls_sessions *sessions;   /* NULL: each handshake is a full one */
};

/* Shake hands and check the server's certificate, or take up a session in which that was done. The socket stays the caller's, and where it is. */
int tls_open(const struct socket *s, const struct tls_target *target, int64_t deadline_ms,
             struct tls **out, struct err *e) MUST_CHECK;
/* Say goodbye as far as that goes without waiting, wipe the keys, free. */
void tls_close(struct tls *t);

/* At least one byte, or *got 0 after the peer's close_notify. */
int tls_read(struct tls *t, void *p, size_t len, size_t *got, int64_t deadline_ms,
             struct err *e) MUST_CHECK;
/* Take bytes for sending; with `may_stop` only until the peer has sent something: *done says how many.
 * Returns -1 on failure. */
int tls_write(struct tls *t, const void *p, size_t len, bool may_stop, size_t *done,
              int64_t deadline_ms, struct err *e) MUST_CHECK;
/* Send all that was taken: 1 done, 0 stopped because the peer has sent something (only with `may_stop`), -1. */
int tls_flush(struct tls *t, bool may_stop, int64_t deadline_ms, struct err *e) MUST_CHECK;
/* Whether decrypted bytes wait to be read. */
bool tls_has_input(const struct tls *t);

#endif
