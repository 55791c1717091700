/* Client certificates: the forms of their keys, what is refused, and a server that asks for one. */
#include "net/identity.h"

#include "base/mem.h"
#include "net/identity_use.h"
#include "net/pem.h"
#include "net/stream.h"
#include "os/sys.h"
#include "tests/unit/tap.h"
#include "tests/unit/tls_peer.h"

enum { PATIENCE_MS = 10000 };

static struct identity *load(const struct scratch *dir, const char *cert, const char *key,
                             struct err *e)
{
	char cert_path[200], key_path[200];
	struct identity *id = NULL;
	snprintf(cert_path, sizeof(cert_path), "%s/%s", dir->path, cert);
	snprintf(key_path, sizeof(key_path), "%s/%s", dir->path, key != NULL ? key : "");
	err_clear(e);
	if (identity_load(cert_path, key != NULL ? key_path : NULL, &id, e) != 0)
		return NULL;
	return id;
}

/* Shake hands with the server at `port` as `id`; one byte there and back, because a refusal may come late. */
static int shake(uint16_t port, const struct trust *trust, const struct identity *id, struct err *e)
{
	int64_t deadline = sys_monotonic_ms() + PATIENCE_MS;
	struct url url = { .https = true, .port = port, .host = "localhost" };
	struct stream_target target = { .url = &url, .trust = trust, .identity = id };
	struct stream *s = NULL;
	char back;
	size_t got = 0;
	err_clear(e);
	int r = stream_open(&target, deadline, &s, e);
	r = r == 0 ? stream_write(s, "echo 1\nx", 8, NULL, deadline, e) : r;
	r = r == 0 ? stream_flush(s, NULL, deadline, e) : r;
	r = r == 0 ? stream_read(s, &back, 1, &got, deadline, e) : r;
	stream_close(s);
	return r == 0 && got == 1 ? 0 : -1;
}

static void accepted(const struct scratch *dir, const struct tls_peer *server,
                     const struct trust *trust)
{
	static const struct {
		const char *sentence, *cert, *key;
	} cases[] = {
		{ "a P-256 key in PKCS#8", "client-ec.pem", "client-ec.key" },
		{ "a P-256 key as SEC1", "client-ec.pem", "client-ec.sec1" },
		{ "a P-384 key", "client-ec384.pem", "client-ec384.key" },
		{ "an RSA key in PKCS#8", "client-rsa.pem", "client-rsa.key" },
		{ "an RSA key as PKCS#1", "client-rsa.pem", "client-rsa.pkcs1" },
		{ "certificate, the one above and key in one file", "client-both.pem", NULL },
	};
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		struct err e = ERR_INIT;
		struct identity *id = load(dir, cases[i].cert, cases[i].key, &e);
		TAP_OK(id != NULL && shake(server->ports[0], trust, id, &e) == 0,
		       "a server that asks for a certificate takes %s %s", cases[i].sentence,
		       e.msg);
		TAP_OK(id != NULL && shake(server->ports[1], trust, id, &e) == 0,
		       "and one that does not ask has no quarrel with it %s", e.msg);
		identity_free(id);
	}
}

static void not_shown(const struct scratch *dir, const struct tls_peer *server,
                      const struct trust *trust)
{
	struct err e = ERR_INIT;
	TAP_OK(shake(server->ports[0], trust, NULL, &e) == -1 &&
	               strstr(e.msg, "client certificate") != NULL && !e.retryable,
	       "a server that asks says so to who has none: %s", e.msg);
	struct identity *id = load(dir, "good-rsa.pem", "good-rsa.key", &e);
	TAP_OK(id != NULL && shake(server->ports[0], trust, id, &e) == -1 && !e.retryable &&
	               strstr(e.msg, "does not accept the client certificate") != NULL,
	       "one that it does not trust is refused: %s", e.msg);
	identity_free(id);
}

static void refused(const struct scratch *dir)
{
	static const struct {
		const char *cert, *key, *want;
	} cases[] = {
		{ "gone.pem", NULL, "gone.pem" },
		{ "client-ec.key", NULL, "no PEM certificate" },
		{ "client-ec.pem", NULL, "no PEM private key" },
		{ "client-ec.pem", "gone.key", "gone.key" },
		{ "client-ec.pem", "client-ec.locked", "is encrypted" },
		{ "client-ec.pem", "client-rsa.key", "not the one that belongs" },
		{ "client-ec.pem", "good.key", "not the one that belongs" },
		{ "client-rsa.pem", "good-rsa.key", "not the one that belongs" },
		{ "client-ec.pem", "weak-leaf.key", "not supported" },
	};
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		struct err e = ERR_INIT;
		struct identity *id = load(dir, cases[i].cert, cases[i].key, &e);
		TAP_OK(id == NULL && e.kind == ERR_KIND_CONFIG &&
		               strstr(e.msg, cases[i].want) != NULL,
		       "refused: %s with %s: %s", cases[i].cert, cases[i].key, e.msg);
	}
}

/* Any bit changed, and any length: an answer, never a crash. */
static void mutations(const struct scratch *dir, const char *file, const char *label)
{
	struct identity_key key;
	BUF_AUTO text = pki_read(dir, file);
	BUF_AUTO der = buf_make(4096);
	struct str pem = buf_str(&text);
	bool cut = true;
	TAP_INT(pem_next(&pem, label, &der), 1, "%s is read", file);
	for (size_t n = 0; n < der.len; n++) {
		MEM_AUTO char *copy = mem_str(str_head(buf_str(&der), n));
		cut = cut && identity_key_parse(label, str_from(copy, n), &key) == -1;
	}
	TAP_OK(cut, "a key that is cut is refused, at every length");
	unsigned taken = 0;
	for (size_t n = 0; n < der.len * 8; n++) {
		MEM_AUTO char *copy = mem_str(buf_str(&der));
		copy[n / 8] ^= (char)(1 << n % 8);
		taken += identity_key_parse(label, str_from(copy, der.len), &key) == 0;
	}
	TAP_OK(taken > 0, "any one bit changed gives an answer");
}

int main(void)
{
	static const char *const servers[] = { "good:12c", "good:12" };
	SCRATCH_AUTO dir;
	struct tls_peer server;
	scratch_open(&dir);
	if (!pki_make(&dir) || !tls_peer_start(&server, &dir, servers, COUNTOF(servers))) {
		tap_skip("client certificates",
		         "needs openssl(1), /usr/bin/python3 and tests/unit/pki.sh");
		return tap_done();
	}
	struct trust *trust = tls_peer_trust(&dir, "root.pem");
	accepted(&dir, &server, trust);
	not_shown(&dir, &server, trust);
	refused(&dir);
	mutations(&dir, "client-ec.key", "PRIVATE KEY");
	mutations(&dir, "client-rsa.pkcs1", "RSA PRIVATE KEY");
	mutations(&dir, "client-ec.sec1", "EC PRIVATE KEY");
	trust_free(trust);
	tls_peer_stop(&server);
	return tap_done();
}
