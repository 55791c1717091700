/*
 * One HTTP/1.1 exchange at a time over a kept-alive connection. No redirects, no cookies, no decoding:
 * what a signed request must not have.
 */
#ifndef WS_NET_HTTP_H
#define WS_NET_HTTP_H

#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"
#include "net/http_parse.h"
#include "net/stream.h"

enum { HTTP_INTERIM_MAX = 8 }; /* 1xx answers accepted before the final one */

struct http_conn; /* one connection */

struct http_timeouts {
	int64_t connect_ms; /* resolve, connect and TLS; 10,000 */
	int64_t idle_ms;    /* waited for idle_bytes, in either direction; 30,000 */
	size_t idle_bytes;  /* of an answer: a server that sends less in idle_ms is left; 0: 1 */
	int64_t total_ms;   /* of one exchange; 0: none */
	int64_t until_ms;   /* of all exchanges, connecting too; monotonic; 0: none */
};

/* The body of a request: length known in advance. */
struct http_body {
	uint64_t len;
	/* Fill `p` with up to `max` bytes at `offset`; *got >= 1. NULL when `bytes` is used. */
	int (*read)(void *ctx, uint64_t offset, void *p, size_t max, size_t *got, struct err *e);
	void *ctx;
	const void *bytes;
};

int http_conn_open(const struct stream_target *target, const struct http_timeouts *t,
                   struct http_conn **out, struct err *e) MUST_CHECK;
void http_conn_close(struct http_conn *c);
/* Whether it may carry another exchange: the last one ended cleanly, keep-alive, not closed by the peer. */
bool http_conn_reusable(struct http_conn *c);

/* Send a request: `head` is the complete head (request line, fields, empty line). The answer's final head
 * is read (1xx skipped; with `expect_continue` the body waits up to 1 s for 100); its views stay valid until
 * the next exchange. An early final answer stops the sending. *stale is set when a connection that had
 * served before ended without any byte of an answer: the caller may repeat at once on a new connection.
 * `head_only`: the request was HEAD. */
struct http_request {
	struct str head;
	const struct http_body *body; /* NULL: none */
	bool expect_continue;
	bool head_only;
	const struct stop *stop; /* who ends the waiting, of the answer's body, too; NULL: nobody */
};
int http_exchange(struct http_conn *c, const struct http_request *r, struct http_head *answer,
                  bool *stale, struct err *e) MUST_CHECK;
/* The next bytes of the answer's body; *got 0 at its end. A body that ends short is an error (retryable). */
int http_read_body(struct http_conn *c, void *p, size_t len, size_t *got, struct err *e) MUST_CHECK;
/* The whole body into `out` (DATA when over its cap). */
int http_read_all(struct http_conn *c, struct buf *out, struct err *e) MUST_CHECK;

#endif
