/* Connections, and the sending half of an exchange. */
#include "net/http.h"

#include "base/mem.h"
#include "net/http_conn.h"
#include "os/sys.h"

enum {
	CONTINUE_WAIT_MS = 1000,
	SLICE = 65536, /* sent under one idle time-out */
};

int http_conn_open(const struct stream_target *target, const struct http_timeouts *t,
                   struct http_conn **out, struct err *e)
{
	struct stream *stream;
	int64_t give_up = sys_monotonic_ms() + t->connect_ms;
	if (t->until_ms > 0 && t->until_ms < give_up)
		give_up = t->until_ms;
	if (stream_open(target, give_up, &stream, e) < 0)
		return -1;
	struct http_conn *c = mem_new(1, sizeof(*c));
	c->stream = stream;
	c->timeouts = *t;
	c->keep = true;
	*out = c;
	return 0;
}

void http_conn_close(struct http_conn *c)
{
	if (c == NULL)
		return;
	stream_close(c->stream);
	mem_free(c->out);
	mem_free(c);
}

bool http_conn_reusable(struct http_conn *c)
{
	return c->keep && c->framing == HTTP_FRAMING_DONE && c->from == c->to &&
	       stream_is_idle(c->stream);
}

int64_t http_conn_give_up(const struct http_conn *c)
{
	int64_t idle = sys_monotonic_ms() + c->timeouts.idle_ms;
	return idle < c->deadline_ms ? idle : c->deadline_ms;
}

/* The peer has sent something while we were sending: 1 its final answer, 0 something to go on after. */
static int take_early(struct http_conn *c, struct http_head *answer, struct err *e)
{
	if (http_read_head(c, answer, e) < 0)
		return -1;
	return answer->status >= 200;
}

/* Send what is buffered: 0 all went, 1 a final answer came first, -1. */
static int flush(struct http_conn *c, struct http_head *answer, struct err *e)
{
	bool early = true;
	int r = 0;
	while (early && r == 0) {
		if (stream_flush(c->stream, &early, http_conn_give_up(c), e) < 0)
			return -1;
		if (early)
			r = take_early(c, answer, e);
	}
	return r;
}

/* The next bytes of the body at `offset`. */
static int next_slice(struct http_conn *c, const struct http_body *body, uint64_t offset,
                      const void **p, size_t *len, struct err *e)
{
	*len = body->len - offset < SLICE ? (size_t)(body->len - offset) : SLICE;
	if (body->read == NULL) {
		*p = (const char *)body->bytes + offset;
		return 0;
	}
	if (c->out == NULL)
		c->out = mem_new(1, SLICE);
	*p = c->out;
	return body->read(body->ctx, offset, c->out, *len, len, e);
}

/* As flush, for the body. */
static int send_body(struct http_conn *c, const struct http_body *body, struct http_head *answer,
                     struct err *e)
{
	uint64_t offset = 0;
	while (offset < body->len) {
		const void *p;
		size_t len, put;
		if (next_slice(c, body, offset, &p, &len, e) < 0 ||
		    stream_write(c->stream, p, len, &put, http_conn_give_up(c), e) < 0)
			return -1;
		offset += put;
		int r = put < len ? take_early(c, answer, e) : 0;
		if (r != 0)
			return r;
	}
	return 0;
}

/* Give the server a moment to refuse before the body is sent. As flush. */
static int await_continue(struct http_conn *c, struct http_head *answer, struct err *e)
{
	int64_t until = sys_monotonic_ms() + CONTINUE_WAIT_MS;
	int r = flush(c, answer, e);
	if (r != 0 || c->interim > 0)
		return r;
	r = stream_wait(c->stream, until < c->deadline_ms ? until : c->deadline_ms, e);
	return r > 0 ? take_early(c, answer, e) : r;
}

static int put_all(struct http_conn *c, struct str s, struct err *e)
{
	return stream_write(c->stream, s.p, s.len, NULL, http_conn_give_up(c), e);
}

/* The request's head; to a proxy with the whole URL and its own fields behind the request line. */
static int send_head(struct http_conn *c, struct str head, struct err *e)
{
	const struct stream_forward *forward = stream_forward(c->stream);
	struct str method, rest, line;
	if (forward == NULL)
		return put_all(c, head, e);
	str_cut(head, ' ', &method, &rest);
	str_cut(rest, '\n', &line, &rest);
	const struct str pieces[] = { method, S(" "),  str_of(forward->origin),
		                      line,   S("\n"), str_of(forward->fields),
		                      rest };
	for (size_t i = 0; i < COUNTOF(pieces); i++)
		if (put_all(c, pieces[i], e) < 0)
			return -1;
	return 0;
}

/* As flush, for the whole request. */
static int send_request(struct http_conn *c, const struct http_request *r, struct http_head *answer,
                        struct err *e)
{
	int stop = 0;
	if (send_head(c, r->head, e) < 0)
		return -1;
	if (r->body != NULL && r->expect_continue)
		stop = await_continue(c, answer, e);
	if (stop == 0 && r->body != NULL)
		stop = send_body(c, r->body, answer, e);
	return stop != 0 ? stop : flush(c, answer, e);
}

static void begin(struct http_conn *c)
{
	const struct http_timeouts *t = &c->timeouts;
	c->deadline_ms = t->total_ms > 0 ? sys_monotonic_ms() + t->total_ms : INT64_MAX;
	if (t->until_ms > 0 && t->until_ms < c->deadline_ms)
		c->deadline_ms = t->until_ms;
	c->waited_ms = 0;
	c->moved = 0;
	c->served++;
	c->interim = 0;
	c->answered = false;
	c->framing = HTTP_FRAMING_DONE;
	c->from = c->to = 0;
}

/* Send, and read the final head: 0 or -1. */
static int converse(struct http_conn *c, const struct http_request *r, struct http_head *answer,
                    struct err *e)
{
	struct err why = ERR_INIT, late = ERR_INIT;
	int sent = send_request(c, r, answer, &why);
	if (sent == 0)
		return http_read_final_head(c, answer, e);
	c->keep = false;
	if (sent > 0)
		return 0;
	/* A server that refuses may close before it has read everything; its answer can still be there. */
	if (stream_ended(c->stream) && http_read_final_head(c, answer, &late) == 0)
		return 0;
	*e = why;
	return -1;
}

static int refused_by_proxy(struct http_conn *c, struct err *e)
{
	const struct stream_forward *forward = stream_forward(c->stream);
	c->keep = false;
	return err_set(e, ERR_KIND_DENIED, "proxy %s: it %s (407)", forward->proxy,
	               forward->fields[0] != '\0' ? "does not accept the user name and password"
	                                          : "wants a user name and password");
}

int http_exchange(struct http_conn *c, const struct http_request *r, struct http_head *answer,
                  bool *stale, struct err *e)
{
	begin(c);
	stream_heed(c->stream, r->stop);
	*stale = false;
	if (converse(c, r, answer, e) < 0) {
		c->keep = false;
		*stale = stream_ended(c->stream) && !c->answered && c->served > 1;
		return -1;
	}
	if (answer->status == 407 && stream_forward(c->stream) != NULL)
		return refused_by_proxy(c, e);
	return http_read_framing(c, answer, r->head_only, e);
}
