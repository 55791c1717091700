/*
 * Internal to net: judging the server's certificates. BearSSL's engine checks signatures, dates, key usage
 * and the chain up to an anchor; beside it stand our own checks, which the engine lacks: of the leaf its names (with addresses),
 * purpose, that it is no CA; of the CAs above and of the anchor their purpose, name constraints and path length; of each that no
 * extension is there twice. Both must agree. Certificates behind the one that an anchor signed are not looked at.
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
	struct buf leaf;   /* the first certificate */
	struct buf above;  /* the present one, when it is another */
	struct buf issuer; /* the name of who signed the last one that counts */
	struct err why;    /* our own refusal, the first */
	unsigned certs;
	unsigned between; /* CAs between the leaf and the anchor that are not their own issuer */
	bool counts;      /* the present certificate is part of the chain */
	bool agreed;      /* the engine had nothing to say */
	bool too_much;    /* certificates or bytes over the limits: the rest is not looked at */
};

/* `host` as struct url has it; `now_s` is the time at which certificates must be valid. `trust` outlives `v`. */
int tls_verify_init(struct tls_verify *v, const char *host, const struct trust *trust,
                    int64_t now_s, struct err *e) MUST_CHECK;
void tls_verify_free(struct tls_verify *v);

/* Say in *e what was wrong, after the handshake failed with BearSSL's code 32 to 63. Returns -1. */
int tls_verify_explain(const struct tls_verify *v, int code, struct err *e);

#endif
