/*
 * A growing byte buffer with a cap. Always NUL-terminated behind its length. Going over the cap
 * sets `too_large`, which sticks, and leaves the content as it was; so a run of appends needs one
 * check at the end (`buf_check`). Memory is freed by `buf_free` or BUF_AUTO.
 */
#ifndef WS_BASE_BUF_H
#define WS_BASE_BUF_H

#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"

struct buf {
	char *p;        /* never NULL; "" when nothing was appended */
	size_t len;     /* bytes used */
	size_t cap;     /* bytes allocated, without the terminator */
	size_t max;     /* len never goes over it */
	bool too_large; /* an append did not fit */
};

#define BUF_AUTO AUTO(buf_free) struct buf

/* An empty buffer that may grow to `max` bytes. Allocates nothing. */
struct buf buf_make(size_t max);
void buf_free(struct buf *b);
/* Length 0, too_large cleared, memory kept. */
void buf_clear(struct buf *b);
/* Cut to `len` bytes, which is at most the present length. */
void buf_truncate(struct buf *b, size_t len);
/* Drop the first `n` bytes. */
void buf_consume(struct buf *b, size_t n);

/* Bytes are copied; they may be a view of `b` itself only when they do not come from `b`'s own
 * memory. */
void buf_add(struct buf *b, const void *p, size_t len);
void buf_add_str(struct buf *b, struct str s);
void buf_add_text(struct buf *b, const char *text);
void buf_add_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Room for `len` more bytes at the end (uninitialised), or NULL and too_large. Follow with
 * buf_grew. */
char *buf_room(struct buf *b, size_t len);
void buf_grew(struct buf *b, size_t len);

/* The content as a view; valid until the next change. */
struct str buf_str(const struct buf *b);
/* Hand the memory (NUL-terminated, mem_free) to the caller; `b` is empty afterwards. */
char *buf_take(struct buf *b);

/* 0 when everything fitted, else a DATA error "<what> is larger than <max> bytes". */
int buf_check(const struct buf *b, struct err *e, const char *what) MUST_CHECK;

#endif
