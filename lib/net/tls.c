/* The TLS client: BearSSL's engine does no input or output, so this file moves its records. */
#include "net/tls.h"

#include <bearssl_ssl.h>
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "net/identity_use.h"
#include "net/tls_error.h"
#include "net/tls_sessions_table.h"
#include "net/tls_verify.h"
#include "os/sys.h"

enum { ENTROPY_BYTES = 48, GOODBYE_MS = 10 };

struct tls {
	br_ssl_client_context client;
	struct tls_verify verify;
	const struct socket *socket;
	bool broken; /* nothing more can be sent */
	unsigned char in[BR_SSL_BUFSIZE_INPUT];
	unsigned char out[BR_SSL_BUFSIZE_OUTPUT];
};

static const uint16_t suites_aes_first[] = {
	BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
};

static const uint16_t suites_chacha_first[] = {
	BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
};

static br_ssl_engine_context *engine(struct tls *t)
{
	return &t->client.eng;
}

/* TLS 1.2 only, forward secrecy and AEAD only, no SHA-1, no renegotiation: less than BearSSL can. */
static void set_profile(struct tls *t)
{
	br_ssl_engine_context *eng = engine(t);
	bool fast_aes = br_aes_x86ni_ctr_get_vtable() != NULL;
	br_ssl_client_zero(&t->client);
	br_ssl_engine_set_versions(eng, BR_TLS12, BR_TLS12);
	br_ssl_engine_set_suites(eng, fast_aes ? suites_aes_first : suites_chacha_first,
	                         COUNTOF(suites_aes_first));
	br_ssl_engine_set_default_rsavrfy(eng);
	br_ssl_engine_set_default_ecdsa(eng);
	br_ssl_engine_set_hash(eng, br_sha256_ID, &br_sha256_vtable);
	br_ssl_engine_set_hash(eng, br_sha384_ID, &br_sha384_vtable);
	br_ssl_engine_set_hash(eng, br_sha512_ID, &br_sha512_vtable);
	br_ssl_engine_set_prf_sha256(eng, br_tls12_sha256_prf);
	br_ssl_engine_set_prf_sha384(eng, br_tls12_sha384_prf);
	br_ssl_engine_set_default_aes_gcm(eng);
	br_ssl_engine_set_default_chapol(eng);
	br_ssl_engine_add_flags(eng, BR_OPT_NO_RENEGOTIATION);
	br_ssl_engine_set_x509(eng, &t->verify.vtable);
	br_ssl_engine_set_buffers_bidi(eng, t->in, sizeof(t->in), t->out, sizeof(t->out));
}

/* BearSSL is built without an entropy source of its own. */
static void seed(struct tls *t)
{
	unsigned char entropy[ENTROPY_BYTES];
	sys_random(entropy, sizeof(entropy));
	br_ssl_engine_inject_entropy(engine(t), entropy, sizeof(entropy));
	mem_wipe(entropy, sizeof(entropy));
}

/* ---- moving records ---- */

/* Send some of the pending record, unless the peer sends first: *put is 0 then. */
static int send_some(struct tls *t, bool stop_on_input, size_t *put, int64_t deadline_ms,
                     struct err *e)
{
	size_t len;
	const unsigned char *p = br_ssl_engine_sendrec_buf(engine(t), &len);
	if (socket_write(t->socket, p, len, put, deadline_ms, stop_on_input, e) < 0) {
		t->broken = true;
		return -1;
	}
	if (*put > 0)
		br_ssl_engine_sendrec_ack(engine(t), *put);
	return 0;
}

static int receive_some(struct tls *t, int64_t deadline_ms, struct err *e)
{
	size_t len, got;
	unsigned char *p = br_ssl_engine_recvrec_buf(engine(t), &len);
	if (socket_read(t->socket, p, len, &got, deadline_ms, e) < 0)
		return -1;
	if (got == 0) {
		/* An attacker on the way could have cut it here. */
		err_set(e, ERR_KIND_TRY_AGAIN,
		        "the server ended the TLS stream without close_notify");
		e->retryable = true;
		e->sys_errno = ECONNRESET;
		return -1;
	}
	br_ssl_engine_recvrec_ack(engine(t), got);
	return 0;
}

/* Move records until the engine is in one of the states `wanted` or closed. Bytes to be read go before
 * bytes to be sent, so that neither side waits for the other. */
static int run(struct tls *t, unsigned wanted, int64_t deadline_ms, struct err *e)
{
	for (;;) {
		unsigned state = br_ssl_engine_current_state(engine(t));
		size_t put = 0;
		if ((state & BR_SSL_CLOSED) != 0 || (state & wanted & BR_SSL_RECVAPP) != 0)
			return 0;
		bool sending = (state & BR_SSL_SENDREC) != 0 && !t->broken;
		bool receiving = (state & BR_SSL_RECVREC) != 0;
		if (!sending && (state & wanted) != 0)
			return 0;
		if (sending && send_some(t, receiving, &put, deadline_ms, e) < 0)
			return -1;
		if (put > 0)
			continue;
		if (!receiving)
			return err_set(e, ERR_KIND_BUG, "TLS engine can go neither way");
		if (receive_some(t, deadline_ms, e) < 0)
			return -1;
	}
}

/* Whether the engine ended in an error; said in *e then. */
static int check_end(struct tls *t, struct err *e)
{
	int code = br_ssl_engine_last_error(engine(t));
	if (code == BR_ERR_OK)
		return 0;
	if (code >= BR_ERR_X509_OK && code <= BR_ERR_X509_NOT_TRUSTED)
		return tls_verify_explain(&t->verify, code, e);
	return tls_error_explain(code, e);
}

/* ---- the interface ---- */

/* Our close_notify. The server may be gone already: that is fine. */
static void send_goodbye(struct tls *t)
{
	struct err ignored = ERR_INIT;
	size_t put;
	if (!t->broken && (br_ssl_engine_current_state(engine(t)) & BR_SSL_SENDREC) != 0)
		(void)!send_some(t, false, &put, sys_monotonic_ms() + GOODBYE_MS, &ignored);
}

static int handshake(struct tls *t, int64_t deadline_ms, struct err *e)
{
	if (run(t, BR_SSL_SENDAPP, deadline_ms, e) < 0)
		return err_context(e, "TLS handshake");
	if ((br_ssl_engine_current_state(engine(t)) & BR_SSL_CLOSED) == 0)
		return 0;
	if (check_end(t, e) < 0)
		return -1;
	return err_set(e, ERR_KIND_UNAVAILABLE, "TLS: the server said goodbye in the handshake");
}

static int start(struct tls *t, const struct tls_target *target, int64_t deadline_ms, struct err *e)
{
	/* No SNI for addresses (RFC 6066 section 3). */
	const char *sni = t->verify.host.ip_len > 0 ? NULL : t->verify.host.name;
	br_ssl_session_parameters session;
	set_profile(t);
	seed(t);
	if (target->identity != NULL)
		identity_use(target->identity, &t->client);
	bool resume = tls_sessions_find(target->sessions, target->server, &session);
	if (resume)
		br_ssl_engine_set_session_parameters(engine(t), &session);
	br_ssl_client_reset(&t->client, sni, resume);
	int r = handshake(t, deadline_ms, e);
	/* In a short handshake no certificate is sent. */
	if (r == 0)
		tls_sessions_keep(target->sessions, target->server, &engine(t)->session,
		                  t->verify.certs == 0);
	else
		tls_sessions_drop(target->sessions, target->server);
	mem_wipe(&session, sizeof(session));
	return r;
}

int tls_open(const struct socket *s, const struct tls_target *target, int64_t deadline_ms,
             struct tls **out, struct err *e)
{
	struct tls *t = mem_new(1, sizeof(*t));
	t->socket = s;
	if (tls_verify_init(&t->verify, target->host, target->trust, sys_now_ms() / 1000, e) < 0 ||
	    start(t, target, deadline_ms, e) < 0) {
		tls_close(t);
		return -1;
	}
	tls_verify_free(&t->verify);
	*out = t;
	return 0;
}

void tls_close(struct tls *t)
{
	if (t == NULL)
		return;
	br_ssl_engine_close(engine(t));
	send_goodbye(t);
	tls_verify_free(&t->verify);
	mem_wipe(t, sizeof(*t));
	mem_free(t);
}

bool tls_has_input(const struct tls *t)
{
	return (br_ssl_engine_current_state(&t->client.eng) & BR_SSL_RECVAPP) != 0;
}

int tls_read(struct tls *t, void *p, size_t len, size_t *got, int64_t deadline_ms, struct err *e)
{
	size_t have;
	*got = 0;
	if (run(t, BR_SSL_RECVAPP, deadline_ms, e) < 0) {
		if (engine(t)->shutdown_recv == 0)
			return -1;
		/* After a close_notify only our answer to it can fail, and nobody needs it. */
		err_clear(e);
		return 0;
	}
	const unsigned char *from = br_ssl_engine_recvapp_buf(engine(t), &have);
	if (from == NULL)
		return check_end(t, e);
	*got = have < len ? have : len;
	memcpy(p, from, *got);
	br_ssl_engine_recvapp_ack(engine(t), *got);
	return 0;
}

/* Room in the engine's record: 1 there is, 0 the peer has sent something first (only with `may_stop`), -1. */
static int make_room(struct tls *t, bool may_stop, int64_t deadline_ms, struct err *e)
{
	unsigned wanted = may_stop ? BR_SSL_SENDAPP | BR_SSL_RECVAPP : BR_SSL_SENDAPP;
	if (run(t, wanted, deadline_ms, e) < 0)
		return -1;
	unsigned state = br_ssl_engine_current_state(engine(t));
	if (may_stop && (state & BR_SSL_RECVAPP) != 0)
		return 0;
	if ((state & BR_SSL_SENDAPP) != 0)
		return 1;
	if (check_end(t, e) == 0) {
		err_set(e, ERR_KIND_TRY_AGAIN, "the server closed the TLS connection");
		e->retryable = true;
		e->sys_errno = EPIPE;
	}
	return -1;
}

int tls_write(struct tls *t, const void *p, size_t len, bool may_stop, size_t *done,
              int64_t deadline_ms, struct err *e)
{
	const unsigned char *from = p;
	*done = 0;
	while (*done < len) {
		size_t room;
		int r = make_room(t, may_stop, deadline_ms, e);
		if (r <= 0)
			return r;
		unsigned char *to = br_ssl_engine_sendapp_buf(engine(t), &room);
		size_t n = len - *done < room ? len - *done : room;
		memcpy(to, from + *done, n);
		br_ssl_engine_sendapp_ack(engine(t), n);
		*done += n;
	}
	return 1;
}

int tls_flush(struct tls *t, bool may_stop, int64_t deadline_ms, struct err *e)
{
	br_ssl_engine_flush(engine(t), 0);
	return make_room(t, may_stop, deadline_ms, e);
}
