/* Internal to http: what a connection remembers, and the reading half. */
#ifndef WS_NET_HTTP_CONN_H
#define WS_NET_HTTP_CONN_H

#include "net/http.h"

enum http_framing {
	HTTP_FRAMING_DONE, /* no body, or all of it was read */
	HTTP_FRAMING_LENGTH,
	HTTP_FRAMING_CHUNKED,
	HTTP_FRAMING_CLOSE, /* the body ends with the connection */
};

struct http_conn {
	struct stream *stream;
	struct http_timeouts timeouts;
	int64_t deadline_ms; /* of the exchange; INT64_MAX: none */
	int64_t waited_ms;   /* for the last idle_bytes of the answer */
	size_t moved;        /* of those, what came */
	unsigned served;     /* exchanges begun */
	unsigned interim;    /* 1xx answers in this exchange */
	bool keep;           /* nothing speaks against another exchange so far */
	bool answered;       /* a byte of the answer came */
	enum http_framing framing;
	uint64_t length, left; /* of the body, when framed by length */
	struct http_chunked chunked;
	char *out;       /* for bodies that are read piece by piece; made when first needed */
	size_t from, to; /* bytes in `in` that are not taken yet */
	char in[HTTP_HEAD_MAX];
};

/* When to give up a write that begins now. */
int64_t http_conn_give_up(const struct http_conn *c);

/* Read the next head, interim or final, into *answer. */
int http_read_head(struct http_conn *c, struct http_head *answer, struct err *e) MUST_CHECK;
/* Read heads until a final one. */
int http_read_final_head(struct http_conn *c, struct http_head *answer, struct err *e) MUST_CHECK;
/* Settle how the body of `answer` ends. */
int http_read_framing(struct http_conn *c, const struct http_head *answer, bool head_only,
                      struct err *e) MUST_CHECK;

#endif
