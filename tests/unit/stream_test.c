/* Connections, plain and TLS: bytes both ways, deadlines, ends, and which certificates are believed. */
#include "net/stream.h"

#include <errno.h>

#include "os/sys.h"
#include "tests/unit/peer.h"
#include "tests/unit/tap.h"
#include "tests/unit/tls_peer.h"

enum { PATIENCE_MS = 10000, BIG = 300000 };

static int64_t soon(void)
{
	return sys_monotonic_ms() + PATIENCE_MS;
}

static struct stream *connect_peer(const struct peer *p)
{
	struct err e = ERR_INIT;
	struct url url = { .port = p->port, .host = "127.0.0.1" };
	struct stream_target target = { .url = &url };
	struct stream *s = NULL;
	if (stream_open(&target, soon(), &s, &e) != 0)
		tap_note("%s", e.msg);
	return s;
}

/* Read `want` bytes or to the end. */
static ptrdiff_t read_up_to(struct stream *s, char *p, size_t want, struct err *e)
{
	size_t have = 0, got = 1;
	while (have < want && got > 0) {
		if (stream_read(s, p + have, want - have, &got, soon(), e) != 0)
			return -1;
		have += got;
	}
	return (ptrdiff_t)have;
}

static void plain_bytes(void)
{
	struct err e = ERR_INIT;
	struct peer p;
	static char big[BIG];
	char text[16];
	size_t got;
	memset(big, 'b', sizeof(big));
	peer_start(&p, &(struct peer_script){ { "body 300006", "send hello", NULL } }, 1);
	struct stream *s = connect_peer(&p);
	TAP_OK(stream_is_idle(s), "a new connection is idle");
	TAP_OK(stream_write(s, "abc", 3, NULL, soon(), &e) == 0 &&
	               stream_write(s, big, BIG, NULL, soon(), &e) == 0 &&
	               stream_write(s, "xyz", 3, NULL, soon(), &e) == 0,
	       "small and large writes are taken %s", e.msg);
	TAP_OK(stream_flush(s, NULL, soon(), &e) == 0, "and flushed");
	TAP_INT(read_up_to(s, text, 5, &e), 5, "an answer is read");
	TAP_OK(memcmp(text, "hello", 5) == 0, "as it was sent");
	TAP_OK(stream_read(s, text, sizeof(text), &got, soon(), &e) == 0 && got == 0 &&
	               stream_ended(s),
	       "the end of a plain stream is no error");
	TAP_OK(!stream_is_idle(s), "an ended connection is not idle");
	stream_close(s);
	pthread_join(p.thread, NULL);
	TAP_OK(p.seen_len == BIG + 6 && memcmp(p.seen, "abcbbb", 6) == 0 &&
	               memcmp(p.seen + BIG, "bbbxyz", 6) == 0,
	       "everything arrived in order");
	close(p.listener);
	free(p.seen);
}

static void early_stop(void)
{
	struct err e = ERR_INIT;
	struct peer p;
	static char zeros[BIG];
	size_t put = 0, total = 0;
	bool early = false;
	int r = 0;
	peer_start(&p, &(struct peer_script){ { "body 1", "send stop", "until-closed", NULL } }, 1);
	struct stream *s = connect_peer(&p);
	r = stream_write(s, zeros, 1, &put, soon(), &e);
	TAP_OK(r == 0 && put == 1, "a small write is buffered whatever the peer does");
	r = stream_flush(s, &early, soon(), &e);
	TAP_OK(r == 0 && !early && stream_wait(s, soon(), &e) == 1, "the peer answers");
	TAP_OK(!stream_is_idle(s), "a connection with something to read is not idle");
	r = stream_write(s, zeros, BIG, &put, soon(), &e);
	total = put;
	TAP_OK(r == 0 && put < BIG, "a large write stops when the peer has sent something");
	r = stream_write(s, zeros, 3, &put, soon(), &e);
	total += put;
	TAP_OK(r == 0 && put == 3, "a small one is buffered");
	r = stream_flush(s, &early, soon(), &e);
	TAP_OK(r == 0 && early, "so does a flush");
	TAP_INT(read_up_to(s, zeros, 4, &e), 4, "after reading it");
	r = stream_write(s, zeros + total, BIG - total, &put, soon(), &e);
	TAP_OK(r == 0 && put == BIG - total, "the writing goes on");
	TAP_OK(stream_flush(s, &early, soon(), &e) == 0 && !early, "to the end");
	stream_close(s);
	pthread_join(p.thread, NULL);
	TAP_INT(p.seen_len, BIG + 1, "nothing was lost and nothing sent twice");
	close(p.listener);
	free(p.seen);
}

static void deadlines(void)
{
	struct err e = ERR_INIT;
	struct peer p;
	char text[16];
	size_t got;
	peer_start(&p, &(struct peer_script){ { "until-closed", NULL } }, 1);
	struct stream *s = connect_peer(&p);
	TAP_OK(stream_read(s, text, sizeof(text), &got, sys_monotonic_ms() + 20, &e) == -1 &&
	               e.sys_errno == ETIMEDOUT && e.retryable && !stream_ended(s),
	       "a read ends at its deadline: %s", e.msg);
	TAP_INT(stream_wait(s, sys_monotonic_ms() + 20, &e), 0, "so does waiting");
	stream_close(s);
	peer_stop(&p);
	peer_start(&p, &(struct peer_script){ { "body 1", "reset", NULL } }, 1);
	s = connect_peer(&p);
	err_clear(&e);
	TAP_OK(stream_write(s, "x", 1, NULL, soon(), &e) == 0 &&
	               stream_flush(s, NULL, soon(), &e) == 0 &&
	               stream_read(s, text, sizeof(text), &got, soon(), &e) == -1 &&
	               stream_ended(s),
	       "a reset is an end: %s", e.msg);
	TAP_OK(e.retryable, "and may be tried again");
	stream_close(s);
	peer_stop(&p);
}

static void targets(void)
{
	static const char *const wrong[] = { "",       ":80",  "host:",  "host:0", "host:65536",
		                             "host:x", "[::1", "[::1]x", "[]:80",  "[::1]:99999" };
	struct url url = { .port = 1, .host = "127.0.0.1" };
	for (size_t i = 0; i < COUNTOF(wrong); i++) {
		struct err e = ERR_INIT;
		struct stream *s = NULL;
		struct stream_target target = { .url = &url, .connect_to = wrong[i] };
		TAP_OK(stream_open(&target, soon(), &s, &e) == -1 && e.kind == ERR_KIND_USAGE,
		       "refused as a place to connect to: \"%s\": %s", wrong[i], e.msg);
	}
	struct err e = ERR_INIT;
	struct stream *s = NULL;
	struct stream_target target = { .url = &url };
	TAP_OK(stream_open(&target, soon(), &s, &e) == -1 && e.kind == ERR_KIND_UNAVAILABLE &&
	               e.retryable,
	       "a refused connection is an error that may pass: %s", e.msg);
	struct peer p;
	char to[32];
	peer_start(&p, &(struct peer_script){ { "until-closed", NULL } }, 1);
	snprintf(to, sizeof(to), "127.0.0.1:%u", p.port);
	struct url elsewhere = { .port = 9, .host = "nowhere.invalid" };
	target = (struct stream_target){ .url = &elsewhere, .connect_to = to };
	err_clear(&e);
	TAP_OK(stream_open(&target, soon(), &s, &e) == 0,
	       "connect_to goes before the URL's host and port");
	stream_close(s);
	peer_stop(&p);
}

/* ---- TLS ---- */

#define DAY_MS (86400 * INT64_C(1000))

static const struct tls_case {
	const char *server; /* NAME:VERSION of tls_server.py */
	const char *host;
	const char *roots;
	int64_t clock_ms; /* 0: now; -1: 1970; else later than now by this */
	const char *want; /* part of the error; NULL: believed */
} tls_cases[] = {
	{ "good:12", "localhost", "root.pem", 0, NULL },
	{ "good:12", "localhost.", "root.pem", 0, NULL },
	{ "good:12", "a.example.test", "root.pem", 0, NULL },
	{ "good:12", "127.0.0.1", "root.pem", 0, NULL },
	{ "good:12", "::1", "root.pem", 0, NULL },
	{ "good:12", "0:0::0:1", "root.pem", 0, NULL },
	{ "good-rsa:12", "localhost", "other-root.pem", 0, NULL },
	{ "below:12", "localhost", "root.pem", 0, NULL },
	{ "below:12", "localhost", "middle.pem", 0, NULL },
	{ "own:12", "localhost", "own.pem", 0, NULL },
	{ "good:12", "b.a.example.test", "root.pem", 0,
	  "is for localhost, *.example.test, IP 127.0.0.1" },
	{ "good:12", "example.test", "root.pem", 0, "not for example.test" },
	{ "good:12", "127.0.0.2", "root.pem", 0, "not for IP 127.0.0.2" },
	{ "good:12", "::2", "root.pem", 0, "not for IP ::2" },
	{ "wrong-name:12", "localhost", "root.pem", 0,
	  "is for other.test, IP 10.0.0.1, not for localhost" },
	{ "no-names:12", "localhost", "root.pem", 0, "no subject alternative name" },
	{ "ip-as-name:12", "127.0.0.1", "root.pem", 0,
	  "is for 127.0.0.1, *.0.0.1, not for IP 127.0.0.1" },
	{ "for-clients:12", "localhost", "root.pem", 0, "is not for servers" },
	{ "for-clients:12", "127.0.0.1", "root.pem", 0, "is not for servers" },
	{ "ca-as-leaf:12", "localhost", "root.pem", 0, "is a CA's" },
	{ "own:12", "localhost", "root.pem", 0, "is self-signed and none of the 1" },
	{ "good:12", "localhost", "other-root.pem", 0,
	  "its issuer \"root\" leads to none of the 1" },
	{ "good:12", "127.0.0.1", "other-root.pem", 0, "--ca-bundle" },
	{ "alone:12", "localhost", "root.pem", 0, "its issuer \"middle\" leads to none" },
	{ "disorder:12", "localhost", "root.pem", 0, "wrong order" },
	{ "weak-leaf:12", "localhost", "root.pem", 0, "less than 2048 bits" },
	{ "sha1:12", "localhost", "root.pem", 0, "SHA-1" },
	{ "critical:12", "localhost", "root.pem", 0, "critical extension" },
	{ "for-nothing:12", "localhost", "root.pem", 0, "is not for servers" },
	{ "signs:12", "localhost", "root.pem", 0, "is a CA's" },
	{ "constrains:12", "localhost", "root.pem", 0, "is a CA's" },
	{ "under-ca-twice:12", "localhost", "root.pem", 0, "an extension is there twice" },
	{ "old:12", "localhost", "root.pem", 0, "no subject alternative name" },
	{ "under-ca-old:12", "localhost", "root.pem", 0, "or one above it is not" },
	{ "under-ca-weak:12", "localhost", "root.pem", 0, "less than 2048 bits" },
	{ "under-ca-plain:12", "localhost", "root.pem", 0, NULL },
	{ "under-ca-clients:12", "localhost", "root.pem", 0,
	  "a CA above the server's certificate is not for servers" },
	{ "under-ca-only:12", "localhost", "root.pem", 0, "may not sign for localhost" },
	{ "example-under-ca-only:12", "a.example.test", "root.pem", 0, NULL },
	{ "under-ca-never:12", "127.0.0.1", "root.pem", 0, "may not sign for localhost" },
	{ "example-under-ca-never:12", "a.example.test", "root.pem", 0, NULL },
	{ "under-ca-ips:12", "localhost", "root.pem", 0, "may not sign for its IP address" },
	{ "example-under-ca-ips:12", "a.example.test", "root.pem", 0, NULL },
	{ "under-ca-limited:12", "localhost", "root.pem", 0, "critical extension" },
	{ "under-ca-policies:12", "localhost", "root.pem", 0, "policies, which ws cannot judge" },
	{ "under-ca-policies-too:12", "localhost", "root.pem", 0, "critical extension" },
	{ "policies:12", "localhost", "root.pem", 0, "policies, which ws cannot judge" },
	{ "under-root-plain:12", "localhost", "root-plain.pem", 0, NULL },
	{ "under-root-only:12", "localhost", "root-only.pem", 0, "may not sign for localhost" },
	{ "example-under-root-only:12", "a.example.test", "root-only.pem", 0, NULL },
	{ "under-root-never:12", "localhost", "root-never.pem", 0, "may not sign for localhost" },
	{ "under-root-ips:12", "127.0.0.1", "root-ips.pem", 0, "may not sign for its IP address" },
	{ "example-under-root-limited:12", "a.example.test", "root-limited.pem", 0,
	  "may not sign for *.example.test" },
	{ "under-root-subject:12", "localhost", "root-subject.pem", 0, "cannot judge" },
	{ "under-root-short:12", "localhost", "root-short.pem", 0, NULL },
	{ "under-ca-short:12", "localhost", "root-short.pem", 0, "path length" },
	{ "crowd:12", "n00001.example.test", "root.pem", 0, "too large" },
	{ "queue:12", "localhost", "root.pem", 0, "too many" },
	{ "good:12", "localhost", "root.pem", 3 * DAY_MS, "expired on" },
	{ "good:12", "localhost", "root.pem", -1, "set the clock" },
	{ "good:13", "localhost", "root.pem", 0, "refuses TLS 1.2" },
	{ "good:11", "localhost", "root.pem", 0, "TLS 1.2" },
	{ "good:plain", "localhost", "root.pem", 0, "plain http" },
};

static int tls_connect(const struct tls_peer *t, size_t i, const struct trust *trust,
                       struct stream **s, struct err *e)
{
	struct url url = { .https = true, .port = t->ports[i] };
	struct stream_target target = { .url = &url, .trust = trust, .connect_to = "127.0.0.1" };
	snprintf(url.host, sizeof(url.host), "%s", tls_cases[i].host);
	*s = NULL;
	return stream_open(&target, soon(), s, e);
}

static void tls_certificates(const struct tls_peer *t, const struct scratch *dir)
{
	for (size_t i = 0; i < COUNTOF(tls_cases); i++) {
		const struct tls_case *c = &tls_cases[i];
		struct err e = ERR_INIT;
		struct stream *s;
		struct trust *trust = tls_peer_trust(dir, c->roots);
		if (c->clock_ms != 0)
			sys_fake_clock(c->clock_ms < 0 ? 0 : sys_now_ms() + c->clock_ms);
		int r = tls_connect(t, i, trust, &s, &e);
		sys_fake_clock(-1);
		if (c->want == NULL)
			TAP_OK(r == 0, "%s is believed for %s with %s %s", c->server, c->host,
			       c->roots, e.msg);
		else
			TAP_OK(r == -1 && e.kind == ERR_KIND_UNAVAILABLE && !e.retryable &&
			               strstr(e.msg, c->want) != NULL,
			       "refused: %s for %s: %s", c->server, c->host, e.msg);
		stream_close(s);
		trust_free(trust);
	}
}

static void tls_echo(const struct tls_peer *t, const struct trust *trust)
{
	struct err e = ERR_INIT;
	struct stream *s;
	static char sent[BIG], back[BIG];
	size_t put = 0;
	for (size_t i = 0; i < BIG; i++)
		sent[i] = (char)(i * 7 + i / 256);
	int r = tls_connect(t, 0, trust, &s, &e);
	TAP_OK(r == 0 && stream_is_idle(s), "a new TLS connection is idle");
	r = stream_write(s, "echo 300000\n", 12, NULL, soon(), &e);
	r = r == 0 ? stream_write(s, sent, BIG, &put, soon(), &e) : r;
	r = r == 0 ? stream_flush(s, NULL, soon(), &e) : r;
	TAP_OK(r == 0 && put == BIG, "300,000 bytes go out through TLS %s", e.msg);
	TAP_INT(read_up_to(s, back, BIG, &e), BIG, "and come back %s", e.msg);
	TAP_OK(memcmp(sent, back, BIG) == 0, "as they were");
	TAP_OK(stream_is_idle(s), "and then the connection is idle again");
	stream_close(s);
}

/* One connection with the server of case 0 under one of its names; true when bytes came back through it. */
static bool session_echo(const struct tls_peer *t, const struct trust *trust,
                         struct tls_sessions *sessions, const char *host)
{
	struct err e = ERR_INIT;
	struct stream *s = NULL;
	char back[4] = "";
	struct url url = { .https = true, .port = t->ports[0] };
	struct stream_target target = {
		.url = &url, .trust = trust, .connect_to = "127.0.0.1", .sessions = sessions
	};
	snprintf(url.host, sizeof(url.host), "%s", host);
	int r = stream_open(&target, soon(), &s, &e);
	r = r == 0 ? stream_write(s, "echo 3\nabc", 10, NULL, soon(), &e) : r;
	r = r == 0 ? stream_flush(s, NULL, soon(), &e) : r;
	bool same = r == 0 && read_up_to(s, back, 3, &e) == 3 && strcmp(back, "abc") == 0;
	stream_close(s);
	if (!same)
		tap_note("%s", e.msg);
	return same;
}

static void tls_resumption(const struct tls_peer *t, const struct trust *trust)
{
	enum { TIMES = 20 };
	struct tls_sessions *sessions = tls_sessions_new();
	bool same = true;
	TAP_OK(session_echo(t, trust, sessions, "localhost") && tls_sessions_resumed(sessions) == 0,
	       "the first handshake is a full one");
	int64_t start = sys_monotonic_ms();
	for (int i = 0; i < TIMES; i++)
		same = same && session_echo(t, trust, sessions, "localhost");
	int64_t shorter = sys_monotonic_ms() - start;
	TAP_OK(same && tls_sessions_resumed(sessions) == TIMES,
	       "the ones that follow take its session up");
	TAP_OK(session_echo(t, trust, sessions, "a.example.test") &&
	               tls_sessions_resumed(sessions) == TIMES,
	       "another name has no part in it");
	start = sys_monotonic_ms();
	for (int i = 0; i < TIMES; i++)
		same = same && session_echo(t, trust, NULL, "localhost");
	tap_note("%d connections: %d ms with a session, %d ms without", TIMES, (int)shorter,
	         (int)(sys_monotonic_ms() - start));
	TAP_OK(same, "without a place to keep it, each is a full one");
	struct url url = { .https = true, .port = t->ports[0], .host = "b.example" };
	struct stream_target target = {
		.url = &url, .trust = trust, .connect_to = "127.0.0.1", .sessions = sessions
	};
	struct err e = ERR_INIT;
	struct stream *s = NULL;
	for (int i = 0; i < 2; i++) {
		err_clear(&e);
		TAP_OK(stream_open(&target, soon(), &s, &e) == -1,
		       "a server of another name is refused, time %d: %s", i + 1, e.msg);
	}
	tls_sessions_free(sessions);
}

/* The server speaks before it has read all: as early_stop, through TLS. */
static void tls_early(const struct tls_peer *t, const struct trust *trust)
{
	struct err e = ERR_INIT;
	struct stream *s;
	static char zeros[BIG];
	char text[5] = "";
	size_t put = 0, rest = 0;
	bool early = false;
	int r = tls_connect(t, 0, trust, &s, &e);
	r = r == 0 ? stream_write(s, "early 300000\n", 13, NULL, soon(), &e) : r;
	r = r == 0 ? stream_flush(s, NULL, soon(), &e) : r;
	TAP_OK(r == 0 && stream_wait(s, soon(), &e) == 1, "a TLS server answers early");
	r = stream_write(s, zeros, BIG, &put, soon(), &e);
	TAP_OK(r == 0 && put < BIG, "a large TLS write stops then");
	r = stream_flush(s, &early, soon(), &e);
	TAP_OK(r == 0 && early, "so does a TLS flush");
	TAP_OK(read_up_to(s, text, 4, &e) == 4 && strcmp(text, "stop") == 0, "the answer is read");
	r = stream_write(s, zeros, BIG - put, &rest, soon(), &e);
	r = r == 0 ? stream_flush(s, &early, soon(), &e) : r;
	TAP_OK(r == 0 && !early && put + rest == BIG, "and the writing goes on to the end %s",
	       e.msg);
	TAP_OK(read_up_to(s, text, 4, &e) == 4 && strcmp(text, "done") == 0,
	       "every byte arrived once %s", e.msg);
	stream_close(s);
}

static void tls_ends(const struct tls_peer *t, const struct trust *trust)
{
	static const struct {
		const char *line, *name;
		int want;
	} cases[] = {
		{ "send 40000 clean\n", "an end with close_notify is an end", 0 },
		{ "send 40000 cut\n", "an end without close_notify is an error", -1 },
	};
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		struct err e = ERR_INIT;
		struct stream *s;
		static char back[40000];
		size_t got = 9;
		int r = tls_connect(t, 0, trust, &s, &e);
		r = r == 0 ? stream_write(s, cases[i].line, strlen(cases[i].line), NULL, soon(), &e)
		           : r;
		r = r == 0 ? stream_flush(s, NULL, soon(), &e) : r;
		TAP_OK(r == 0 && read_up_to(s, back, sizeof(back), &e) == 40000,
		       "40,000 bytes come");
		r = stream_read(s, back, sizeof(back), &got, soon(), &e);
		TAP_OK(r == cases[i].want && got == 0 && stream_ended(s) && (r == 0 || e.retryable),
		       "%s %s", cases[i].name, e.msg);
		stream_close(s);
	}
}

/* Servers that do not get through the handshake. */
static void tls_silence(const struct trust *trust)
{
	static const struct {
		const char *sentence;
		struct peer_script script;
		int patience_ms;
		int sys_errno;
	} cases[] = {
		{ "a server that is silent in the handshake ends in a time-out",
		  { { "until-closed", NULL } },
		  40,
		  ETIMEDOUT },
		{ "a server that closes in the handshake",
		  { { "body 20", NULL } },
		  PATIENCE_MS,
		  ECONNRESET },
	};
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		struct err e = ERR_INIT;
		struct peer p;
		struct stream *s = NULL;
		peer_start(&p, &cases[i].script, 1);
		struct url url = { .https = true, .port = p.port, .host = "127.0.0.1" };
		struct stream_target target = { .url = &url, .trust = trust };
		int r = stream_open(&target, sys_monotonic_ms() + cases[i].patience_ms, &s, &e);
		TAP_OK(r == -1 && e.retryable && e.sys_errno == cases[i].sys_errno, "%s: %s",
		       cases[i].sentence, e.msg);
		peer_stop(&p);
	}
}

static void tls(void)
{
	SCRATCH_AUTO dir;
	struct tls_peer server;
	const char *servers[COUNTOF(tls_cases)];
	scratch_open(&dir);
	for (size_t i = 0; i < COUNTOF(tls_cases); i++)
		servers[i] = tls_cases[i].server;
	if (!pki_make(&dir) || !tls_peer_start(&server, &dir, servers, COUNTOF(servers))) {
		tap_skip("TLS connections",
		         "needs openssl(1), /usr/bin/python3 and tests/unit/pki.sh");
		return;
	}
	struct trust *trust = tls_peer_trust(&dir, "root.pem");
	tls_certificates(&server, &dir);
	tls_echo(&server, trust);
	tls_early(&server, trust);
	tls_resumption(&server, trust);
	tls_ends(&server, trust);
	tls_silence(trust);
	trust_free(trust);
	tls_peer_stop(&server);
}

int main(void)
{
	plain_bytes();
	early_stop();
	deadlines();
	targets();
	tls();
	return tap_done();
}
