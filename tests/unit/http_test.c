/* Exchanges with a scripted server: framing, reuse, early answers, 1xx, ends and lies. */
#include "net/http.h"

#include <errno.h>

#include "base/mem.h"
#include "os/sys.h"
#include "tests/unit/peer.h"
#include "tests/unit/tap.h"
#include "tests/unit/tls_peer.h"

#define OK       "send HTTP/1.1 200 OK\r\n"
#define HELLO    OK "Content-Length: 5\r\n\r\nhello"
#define CONTINUE "send HTTP/1.1 100 Continue\r\n\r\n"
#define GET_HEAD "GET /k HTTP/1.1\r\nHost: h\r\n\r\n"
#define PUT(n)   S("PUT /k HTTP/1.1\r\nHost: h\r\nContent-Length: " #n "\r\n\r\n")
#define GET                         \
	{                           \
		.head = S(GET_HEAD) \
	}
#define END NULL

static const struct http_timeouts timeouts = { .connect_ms = 10000, .idle_ms = 10000 };

static struct http_conn *connect_peer(const struct peer *p, const struct http_timeouts *t)
{
	struct err e = ERR_INIT;
	struct url url = { .port = p->port, .host = "127.0.0.1" };
	struct http_conn *c = NULL;
	struct stream_target target = { .url = &url };
	if (http_conn_open(&target, t, &c, &e) != 0)
		tap_note("%s", e.msg);
	return c;
}

/* What one exchange gave, as text: "200 hello", "error text", with " (stale)", " (retry)". */
static const char *result(struct http_conn *c, const struct http_request *r, struct buf *out)
{
	static struct http_head answer;
	struct err e = ERR_INIT;
	bool stale;
	BUF_AUTO body = buf_make(1000);
	buf_clear(out);
	if (http_exchange(c, r, &answer, &stale, &e) != 0 || http_read_all(c, &body, &e) != 0)
		buf_printf(out, "%s%s%s", e.msg, e.retryable ? " (retry)" : "",
		           stale ? " (stale)" : "");
	else
		buf_printf(out, "%d %s", answer.status, body.p);
	return out->p;
}

/* One exchange on one connection. */
struct one {
	const char *name;
	struct peer_script script;
	struct http_request request;
	const char *want;
	bool reusable;
};

static void play(const struct one *cases, size_t count)
{
	BUF_AUTO text = buf_make(4000);
	for (size_t i = 0; i < count; i++) {
		struct peer p;
		peer_start(&p, &cases[i].script, 1);
		struct http_conn *c = connect_peer(&p, &timeouts);
		TAP_TEXT(result(c, &cases[i].request, &text), cases[i].want, "%s", cases[i].name);
		TAP_OK(http_conn_reusable(c) == cases[i].reusable, "%s: %s", cases[i].name,
		       cases[i].reusable ? "the connection can be used again" : "no reuse");
		http_conn_close(c);
		peer_stop(&p);
	}
}

static void framing(void)
{
	const struct one cases[] = {
		{ "a body with a length",
		  { { "request", HELLO, "until-closed", END } },
		  GET,
		  "200 hello",
		  true },
		{ "a body in two pieces",
		  { { "request", OK "Content-Le", "send ngth: 5\r\n\r\nhe", "send llo",
		      "until-closed", END } },
		  GET,
		  "200 hello",
		  true },
		{ "an empty body",
		  { { "request", OK "Content-Length: 0\r\n\r\n", "until-closed", END } },
		  GET,
		  "200 ",
		  true },
		{ "a chunked body",
		  { { "request", OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
		      "send 1;x\r\n,\r\n0\r\nT: u\r\n\r\n", "until-closed", END } },
		  GET,
		  "200 hello,",
		  true },
		{ "a body that ends with the connection",
		  { { "request", OK "Connection: close\r\n\r\nhel", "send lo", END } },
		  GET,
		  "200 hello",
		  false },
		{ "HTTP/1.0 closes",
		  { { "request", "send HTTP/1.0 200 OK\r\n\r\nhello", END } },
		  GET,
		  "200 hello",
		  false },
		{ "Connection: close",
		  { { "request", OK "Connection: close\r\nContent-Length: 5\r\n\r\nhello",
		      "until-closed", END } },
		  GET,
		  "200 hello",
		  false },
		{ "no length and no close",
		  { { "request", OK "\r\nhello", END } },
		  GET,
		  "malformed answer: no length, and the connection stays open (RFC 9112 section 6.3)",
		  false },
		{ "HEAD has no body",
		  { { "request", OK "Content-Length: 5\r\n\r\n", "until-closed", END } },
		  { .head = S(GET_HEAD), .head_only = true },
		  "200 ",
		  true },
		{ "HEAD of something chunked",
		  { { "request", OK "Transfer-Encoding: chunked\r\n\r\n", "until-closed", END } },
		  { .head = S(GET_HEAD), .head_only = true },
		  "200 ",
		  true },
		{ "204 has no body",
		  { { "request", "send HTTP/1.1 204 No Content\r\n\r\n", "until-closed", END } },
		  GET,
		  "204 ",
		  true },
		{ "204 that says it has a body",
		  { { "request", "send HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello",
		      "until-closed", END } },
		  GET,
		  "204 ",
		  false },
		{ "304 has no body",
		  { { "request", "send HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
		      "until-closed", END } },
		  GET,
		  "304 ",
		  true },
		{ "more than the length says",
		  { { "request", HELLO "xyz", "until-closed", END } },
		  GET,
		  "200 hello",
		  false },
		{ "more than the last chunk",
		  { { "request",
		      OK "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nHTTP/1.1 200",
		      "until-closed", END } },
		  GET,
		  "200 a",
		  false },
	};
	play(cases, COUNTOF(cases));
}

static void ends(void)
{
	const struct one cases[] = {
		{ "a body that is cut",
		  { { "request", OK "Content-Length: 5\r\n\r\nhel", END } },
		  GET,
		  "the answer's body ended after 3 of 5 bytes (retry)",
		  false },
		{ "a chunked body that is cut",
		  { { "request", OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
		      END } },
		  GET,
		  "the answer's body ended before its last chunk (retry)",
		  false },
		{ "a head that is cut",
		  { { "request", OK "Content-Len", END } },
		  GET,
		  "the server closed the connection within the head of its answer (retry)",
		  false },
		{ "no answer on a new connection is not stale",
		  { { "request", END } },
		  GET,
		  "the server closed the connection without an answer (retry)",
		  false },
		{ "not HTTP",
		  { { "request", "send SSH-2.0-x\r\n", "until-closed", END } },
		  GET,
		  "the answer is not HTTP/1.1 with lines that end in CR LF: it starts with \"SSH-2.0-x\\r\\n\"",
		  false },
		{ "bare LF",
		  { { "request", "send HTTP/1.1 200 OK\n\n", "until-closed", END } },
		  GET,
		  "the answer is not HTTP/1.1 with lines that end in CR LF: it starts with \"HTTP/1.1 200 OK\\n\\n\"",
		  false },
		{ "length and chunked",
		  { { "request", OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello",
		      "until-closed", END } },
		  GET,
		  "malformed answer: both Content-Length and Transfer-Encoding (RFC 9112 section 6.3)",
		  false },
	};
	play(cases, COUNTOF(cases));
}

static void interim(void)
{
	static const struct http_body five = { .len = 5, .bytes = "world" };
	const struct one cases[] = {
		{ "1xx answers are passed over",
		  { { "request", CONTINUE "HTTP/1.1 102 Processing\r\nX: y\r\n\r\n", HELLO,
		      "until-closed", END } },
		  GET,
		  "200 hello",
		  true },
		{ "the ninth 1xx is too many",
		  { { "request", CONTINUE, CONTINUE, CONTINUE, CONTINUE, CONTINUE, CONTINUE,
		      CONTINUE, CONTINUE, CONTINUE, HELLO, "until-closed", END } },
		  GET,
		  "the server sends 1xx answers without end",
		  false },
		{ "101 is refused",
		  { { "request", "send HTTP/1.1 101 Switching Protocols\r\n\r\n", "until-closed",
		      END } },
		  GET,
		  "the server switched protocols unasked",
		  false },
		{ "the body goes after 100",
		  { { "request", CONTINUE, "body 5", HELLO, "until-closed", END } },
		  { .head = PUT(5), .body = &five, .expect_continue = true },
		  "200 hello",
		  true },
		{ "a refusal instead of 100 keeps the body back",
		  { { "request", "send HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno",
		      "until-closed", END } },
		  { .head = PUT(5), .body = &five, .expect_continue = true },
		  "403 no",
		  false },
		{ "a body without waiting",
		  { { "request", "body 5", HELLO, "until-closed", END } },
		  { .head = PUT(5), .body = &five },
		  "200 hello",
		  true },
	};
	play(cases, COUNTOF(cases));
}

static void reuse(void)
{
	static const struct peer_script scripts[] = {
		{ { "request", HELLO, "request", HELLO, "request", END } },
	};
	struct http_request get = { .head = S(GET_HEAD) };
	BUF_AUTO text = buf_make(4000);
	struct peer p;
	peer_start(&p, scripts, 1);
	struct http_conn *c = connect_peer(&p, &timeouts);
	TAP_TEXT(result(c, &get, &text), "200 hello", "the first exchange");
	TAP_TEXT(result(c, &get, &text), "200 hello", "the second on the same connection");
	TAP_TEXT(result(c, &get, &text),
	         "the server closed the connection without an answer (retry) (stale)",
	         "the third finds the server gone: stale, may be repeated at once");
	TAP_OK(!http_conn_reusable(c), "and it is not used again");
	http_conn_close(c);
	peer_stop(&p);

	peer_start(&p, &(struct peer_script){ { "request", HELLO, END } }, 1);
	c = connect_peer(&p, &timeouts);
	result(c, &get, &text);
	pthread_join(p.thread, NULL);
	TAP_OK(!http_conn_reusable(c),
	       "a connection that the server closed meanwhile is not reusable");
	http_conn_close(c);
	close(p.listener);
	free(p.seen);
}

/* A body that comes from a callback; every byte says where it is. */
static int pattern(void *ctx, uint64_t offset, void *p, size_t max, size_t *got, struct err *e)
{
	(void)ctx, (void)e;
	*got = max < 1000 ? max : 1000;
	for (size_t i = 0; i < *got; i++)
		((char *)p)[i] = (char)('a' + (offset + i) % 23);
	return 0;
}

static void uploads(void)
{
	static const struct http_body big = { .len = 200000, .read = pattern };
	struct http_request put = { .head = PUT(200000), .body = &big };
	BUF_AUTO text = buf_make(4000);
	struct peer p;
	peer_start(
		&p,
		&(struct peer_script){ { "request", "body 200000", HELLO, "until-closed", END } },
		1);
	struct http_conn *c = connect_peer(&p, &timeouts);
	TAP_TEXT(result(c, &put, &text), "200 hello", "a body of 200,000 bytes from a callback");
	bool same = p.seen_len == put.head.len + 200000;
	for (size_t i = put.head.len; same && i < p.seen_len; i++)
		same = p.seen[i] == (char)('a' + (i - put.head.len) % 23);
	TAP_OK(same, "arrives as it is, each byte once");
	http_conn_close(c);
	peer_stop(&p);
}

/* The server answers and does not read: the sending must stop, whatever the buffers in between hold. */
static void early_answers(void)
{
	enum { LEN = 64 << 20 };
	char *zeros = calloc(1, LEN);
	const struct http_body huge = { .len = LEN, .bytes = zeros };
	struct http_request put = { .head = PUT(67108864), .body = &huge };
	BUF_AUTO text = buf_make(4000);
	struct peer p;
	peer_start(
		&p,
		&(struct peer_script){
			{ "request", "send HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno",
	                  "body 100000", END } },
		1);
	struct http_conn *c = connect_peer(&p, &timeouts);
	TAP_TEXT(result(c, &put, &text), "403 no", "an early refusal stops a large upload");
	TAP_OK(!http_conn_reusable(c), "and ends the connection");
	http_conn_close(c);
	peer_stop(&p);

	struct http_body some = { .len = 100000, .bytes = zeros };
	put = (struct http_request){ .head = PUT(100000), .body = &some };
	peer_start(&p,
	           &(struct peer_script){
			   { "request", CONTINUE, "body 100000", HELLO, "until-closed", END } },
	           1);
	c = connect_peer(&p, &timeouts);
	TAP_TEXT(result(c, &put, &text), "200 hello",
	         "a late 100 in the middle of the body changes nothing");
	TAP_OK(http_conn_reusable(c), "and the connection stays good");
	http_conn_close(c);
	peer_stop(&p);
	free(zeros);
}

static void time_outs(void)
{
	static const struct http_timeouts idle = { .connect_ms = 10000, .idle_ms = 30 };
	static const struct http_timeouts total = { .connect_ms = 10000,
		                                    .idle_ms = 10000,
		                                    .total_ms = 30 };
	struct http_request get = { .head = S(GET_HEAD) };
	struct http_head answer;
	bool stale;
	const struct http_timeouts *both[] = { &idle, &total };
	for (size_t i = 0; i < 2; i++) {
		struct err e = ERR_INIT;
		struct peer p;
		peer_start(&p, &(struct peer_script){ { "request", "until-closed", END } }, 1);
		struct http_conn *c = connect_peer(&p, both[i]);
		TAP_OK(http_exchange(c, &get, &answer, &stale, &e) == -1 &&
		               e.sys_errno == ETIMEDOUT && e.retryable && !stale,
		       "a server that says nothing ends in a time-out (%s): %s",
		       i == 0 ? "idle" : "total", e.msg);
		TAP_OK(!http_conn_reusable(c), "and the connection is not used again");
		http_conn_close(c);
		peer_stop(&p);
	}
}

static void caps(void)
{
	struct http_request get = { .head = S(GET_HEAD) };
	static struct http_head answer;
	bool stale;
	for (size_t cap = 4; cap <= 5; cap++) {
		for (int chunked = 0; chunked < 2; chunked++) {
			struct err e = ERR_INIT;
			struct peer p;
			BUF_AUTO body = buf_make(cap);
			peer_start(
				&p,
				&(struct peer_script){
					{ "request",
			                  chunked ? OK
			                          "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
			                          : HELLO,
			                  "until-closed", END } },
				1);
			struct http_conn *c = connect_peer(&p, &timeouts);
			int r = http_exchange(c, &get, &answer, &stale, &e);
			r = r == 0 ? http_read_all(c, &body, &e) : r;
			TAP_OK(cap == 5 ? r == 0 && str_is(buf_str(&body), "hello")
			                : r == -1 && e.kind == ERR_KIND_DATA,
			       "5 bytes%s into a buffer for %zu: %s", chunked ? " in a chunk" : "",
			       cap, r == 0 ? "taken" : e.msg);
			http_conn_close(c);
			peer_stop(&p);
		}
	}
}

/* The end of a TLS stream can be forged unless it says goodbye: it ends a body only then. */
static void tls_ends(void)
{
	static const struct {
		const char *path, *want;
	} cases[] = {
		{ "length-clean", "200 hello" },
		{ "length-cut", "200 hello" },
		{ "chunked-clean", "200 hello" },
		{ "chunked-cut", "200 hello" },
		{ "close-clean", "200 hello" },
		{ "close-cut", "the server ended the TLS stream without close_notify (retry)" },
	};
	static const char *const servers[] = { "good:12" };
	SCRATCH_AUTO dir;
	struct tls_peer server;
	BUF_AUTO text = buf_make(4000);
	scratch_open(&dir);
	if (!pki_make(&dir) || !tls_peer_start(&server, &dir, servers, 1)) {
		tap_skip("ends of bodies in TLS",
		         "needs openssl(1), /usr/bin/python3 and tests/unit/pki.sh");
		return;
	}
	struct trust *trust = tls_peer_trust(&dir, "root.pem");
	struct url url = { .https = true, .port = server.ports[0], .host = "127.0.0.1" };
	struct stream_target target = { .url = &url, .trust = trust };
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		struct err e = ERR_INIT;
		struct http_conn *c = NULL;
		char head[100];
		int n = snprintf(head, sizeof(head), "GET /%s HTTP/1.1\r\nHost: h\r\n\r\n",
		                 cases[i].path);
		struct http_request get = { .head = str_from(head, (size_t)n) };
		if (TAP_OK(http_conn_open(&target, &timeouts, &c, &e) == 0, "connected %s", e.msg))
			TAP_TEXT(result(c, &get, &text), cases[i].want, "TLS: %s", cases[i].path);
		http_conn_close(c);
	}
	trust_free(trust);
	tls_peer_stop(&server);
}

int main(void)
{
	framing();
	ends();
	interim();
	reuse();
	uploads();
	early_answers();
	time_outs();
	caps();
	tls_ends();
	return tap_done();
}
