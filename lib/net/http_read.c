/* The reading half of an exchange: heads, framing, bodies. */
#include <assert.h>
#include <string.h>

#include "base/codec.h"
#include "net/http_conn.h"
#include "os/sys.h"

enum {
	READ_HEAD = 16384, /* small answers come whole, large bodies mostly go past the buffer */
	READ_ALL = 65536,
	SHOWN_BYTES = 24,
};

/* Some bytes of the answer. Time counts while we wait, not while the caller thinks, and until enough has come: else one byte now
 * and then would keep us for ever. */
static int read_some(struct http_conn *c, void *p, size_t len, size_t *got, struct err *e)
{
	int64_t began = sys_monotonic_ms();
	int64_t give_up = began + c->timeouts.idle_ms - c->waited_ms;
	if (give_up > c->deadline_ms)
		give_up = c->deadline_ms;
	if (stream_read(c->stream, p, len, got, give_up, e) < 0)
		return -1;
	c->waited_ms += sys_monotonic_ms() - began;
	c->moved += *got;
	if (c->moved >= c->timeouts.idle_bytes) {
		c->moved = 0;
		c->waited_ms = 0;
	}
	return 0;
}

static int closed_early(struct http_conn *c, struct err *e)
{
	c->keep = false;
	err_set(e, ERR_KIND_TRY_AGAIN,
	        c->answered ? "the server closed the connection within the head of its answer"
	                    : "the server closed the connection without an answer");
	e->retryable = true;
	return -1;
}

static int not_http(struct http_conn *c, struct err *e)
{
	char shown[4 * SHOWN_BYTES + 1];
	size_t n = c->to < SHOWN_BYTES ? c->to : SHOWN_BYTES;
	if (c->to >= HTTP_HEAD_MAX)
		return err_set(e, ERR_KIND_DATA, "the head of the answer is larger than %d bytes",
		               (int)HTTP_HEAD_MAX);
	return err_set(
		e, ERR_KIND_DATA,
		"the answer is not HTTP/1.1 with lines that end in CR LF: it starts with \"%s\"",
		codec_quoted(str_from(c->in, n), shown, sizeof(shown)));
}

/* Read until a whole head is at the start of `in`; *size is its length. */
static int fill_head(struct http_conn *c, size_t *size, struct err *e)
{
	ptrdiff_t end = http_parse_find_end(str_from(c->in, c->to));
	while (end == 0) {
		size_t room = HTTP_HEAD_MAX - c->to;
		size_t got;
		if (read_some(c, c->in + c->to, room < READ_HEAD ? room : READ_HEAD, &got, e) < 0)
			return -1;
		if (got == 0)
			return closed_early(c, e);
		c->answered = true;
		c->to += got;
		end = http_parse_find_end(str_from(c->in, c->to));
	}
	if (end < 0)
		return not_http(c, e);
	*size = (size_t)end;
	return 0;
}

int http_read_head(struct http_conn *c, struct http_head *answer, struct err *e)
{
	size_t size = 0;
	memmove(c->in, c->in + c->from, c->to - c->from);
	c->to -= c->from;
	c->from = 0;
	if (fill_head(c, &size, e) < 0 || http_parse_head(str_from(c->in, size), answer, e) < 0) {
		c->keep = false;
		return -1;
	}
	c->from = size;
	if (answer->status >= 200)
		return 0;
	if (answer->status == 101 || ++c->interim > HTTP_INTERIM_MAX) {
		c->keep = false;
		return err_set(e, ERR_KIND_DATA,
		               answer->status == 101 ? "the server switched protocols unasked"
		                                     : "the server sends 1xx answers without end");
	}
	return 0;
}

int http_read_final_head(struct http_conn *c, struct http_head *answer, struct err *e)
{
	do {
		if (http_read_head(c, answer, e) < 0)
			return -1;
	} while (answer->status < 200);
	return 0;
}

int http_read_framing(struct http_conn *c, const struct http_head *answer, bool head_only,
                      struct err *e)
{
	bool body = answer->chunked || (answer->has_length && answer->length > 0);
	c->keep = c->keep && answer->keep_alive;
	c->framing = HTTP_FRAMING_DONE;
	c->length = c->left = answer->length;
	c->chunked = (struct http_chunked){ .done = false };
	if (answer->status == 204)
		c->keep = c->keep && !body;
	if (head_only || answer->status == 204 || answer->status == 304)
		return 0;
	if (answer->chunked)
		c->framing = HTTP_FRAMING_CHUNKED;
	else if (body)
		c->framing = HTTP_FRAMING_LENGTH;
	else if (!answer->has_length && !answer->keep_alive)
		c->framing = HTTP_FRAMING_CLOSE;
	if (answer->has_length || c->framing != HTTP_FRAMING_DONE)
		return 0;
	c->keep = false;
	return err_set(
		e, ERR_KIND_DATA,
		"malformed answer: no length, and the connection stays open (RFC 9112 section "
		"6.3)");
}

/* Bytes as they come: first what was read behind the head, then straight into the caller's memory. */
static int read_raw(struct http_conn *c, void *p, size_t len, size_t *got, struct err *e)
{
	if (c->from == c->to)
		return read_some(c, p, len, got, e);
	*got = c->to - c->from < len ? c->to - c->from : len;
	memcpy(p, c->in + c->from, *got);
	c->from += *got;
	return 0;
}

static int ended_short(const struct http_conn *c, struct err *e)
{
	if (c->framing == HTTP_FRAMING_LENGTH)
		err_set(e, ERR_KIND_TRY_AGAIN, "the answer's body ended after %llu of %llu bytes",
		        (unsigned long long)(c->length - c->left), (unsigned long long)c->length);
	else
		err_set(e, ERR_KIND_TRY_AGAIN, "the answer's body ended before its last chunk");
	e->retryable = true;
	return -1;
}

/* Decode the `raw` bytes at `p` in place; *got of them are content. */
static int unchunk(struct http_conn *c, char *p, size_t raw, size_t *got, struct err *e)
{
	size_t at = 0;
	while (at < raw && !c->chunked.done) {
		size_t used, from, len;
		if (http_parse_chunked(&c->chunked, str_from(p + at, raw - at), &used, &from, &len,
		                       e) < 0)
			return -1;
		memmove(p + *got, p + at + from, len);
		*got += len;
		at += used;
	}
	if (c->chunked.done) {
		c->framing = HTTP_FRAMING_DONE;
		/* More than was asked for: nobody knows to whom it belongs. */
		c->keep = c->keep && at == raw;
	}
	return 0;
}

static int read_chunked(struct http_conn *c, char *p, size_t len, size_t *got, struct err *e)
{
	*got = 0;
	while (*got == 0 && c->framing != HTTP_FRAMING_DONE) {
		size_t raw;
		if (read_raw(c, p, len, &raw, e) < 0)
			return -1;
		if (raw == 0)
			return ended_short(c, e);
		if (unchunk(c, p, raw, got, e) < 0)
			return -1;
	}
	return 0;
}

static int read_length(struct http_conn *c, char *p, size_t len, size_t *got, struct err *e)
{
	if (read_raw(c, p, len < c->left ? len : (size_t)c->left, got, e) < 0)
		return -1;
	if (*got == 0)
		return ended_short(c, e);
	c->left -= *got;
	if (c->left == 0)
		c->framing = HTTP_FRAMING_DONE;
	return 0;
}

static int read_until_close(struct http_conn *c, char *p, size_t len, size_t *got, struct err *e)
{
	if (read_raw(c, p, len, got, e) < 0)
		return -1;
	if (*got == 0)
		c->framing = HTTP_FRAMING_DONE;
	return 0;
}

int http_read_body(struct http_conn *c, void *p, size_t len, size_t *got, struct err *e)
{
	int r = 0;
	assert(len > 0);
	*got = 0;
	if (c->framing == HTTP_FRAMING_LENGTH)
		r = read_length(c, p, len, got, e);
	else if (c->framing == HTTP_FRAMING_CHUNKED)
		r = read_chunked(c, p, len, got, e);
	else if (c->framing == HTTP_FRAMING_CLOSE)
		r = read_until_close(c, p, len, got, e);
	if (r < 0)
		c->keep = false;
	return r;
}

/* At the cap: one byte more is too many. */
static int expect_end(struct http_conn *c, struct buf *out, struct err *e)
{
	char extra;
	size_t got;
	if (http_read_body(c, &extra, 1, &got, e) < 0)
		return -1;
	buf_add(out, &extra, got);
	return buf_check(out, e, "the answer's body");
}

int http_read_all(struct http_conn *c, struct buf *out, struct err *e)
{
	size_t got = 1;
	while (got > 0 && c->framing != HTTP_FRAMING_DONE) {
		size_t want = out->max - out->len < READ_ALL ? out->max - out->len : READ_ALL;
		if (c->framing == HTTP_FRAMING_LENGTH && want > c->left)
			want = (size_t)c->left;
		if (want == 0)
			return expect_end(c, out, e);
		char *p = buf_room(out, want);
		if (http_read_body(c, p, want, &got, e) < 0)
			return -1;
		buf_grew(out, got);
	}
	return 0;
}
