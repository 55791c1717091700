/*
 * Internal to net: judging the server's certificates. BearSSL's engine checks signatures, dates, key usage
 * and the chain up to an anchor; in front of it stands our own check of the leaf, which the engine lacks:
 * names (with addresses), purpose, no CA, no extension twice. Both must agree.
 */
#ifndef WS_NET_TLS_VERIFY_H
#define WS_NET_TLS_VERIFY_H

#include <bearssl_ssl.h>

#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "net/trust.h"
#include "net/x509.h"

enum { TLS_VERIFY_CERTS_MAX = 10 };

struct tls_verify {
	const br_x509_class *vtable; /* first: BearSSL calls through it */
	br_x509_minimal_context engine;
	const struct trust *trust; /* not owned */
	struct x509_host host;
	int64_t now_s;
	struct buf leaf; /* the first certificate, kept for messages */
	unsigned certs;
	bool too_much; /* certificates or bytes over the limits: the rest is not looked at */
};

/* `host` as struct url has it; `now_s` is the time at which certificates must be valid. `trust` outlives `v`. */
int tls_verify_init(struct tls_verify *v, const char *host, const struct trust *trust,
                    int64_t now_s, struct err *e) MUST_CHECK;
void tls_verify_free(struct tls_verify *v);

/* Say in *e what was wrong, after the handshake failed with BearSSL's code 32 to 63. Returns -1. */
int tls_verify_explain(const struct tls_verify *v, int code, struct err *e);

#endif
