/* The growing byte buffer. */
#include "base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum { FIRST_CAP = 64 };

/* What `p` points to while nothing is allocated; never written, because cap is 0 then. */
static char *nothing(void)
{
	static const char empty[1] = "";
	/* The header promises a `char *`; a union takes the const off without a cast. */
	union {
		const char *in;
		char *out;
	} u = { .in = empty };
	return u.out;
}

struct buf buf_make(size_t max)
{
	/* The terminator must be countable. */
	if (max > PTRDIFF_MAX - 1)
		max = PTRDIFF_MAX - 1;
	return (struct buf){ .p = nothing(), .max = max };
}

void buf_free(struct buf *b)
{
	size_t max = b->max;
	if (b->cap > 0)
		mem_free(b->p);
	*b = buf_make(max);
}

void buf_clear(struct buf *b)
{
	buf_truncate(b, 0);
	b->too_large = false;
}

void buf_truncate(struct buf *b, size_t len)
{
	assert(len <= b->len);
	b->len = len;
	if (b->cap > 0)
		b->p[len] = '\0';
}

void buf_consume(struct buf *b, size_t n)
{
	assert(n <= b->len);
	if (n == 0)
		return;
	memmove(b->p, b->p + n, b->len - n);
	buf_truncate(b, b->len - n);
}

/* Room for `cap` bytes in all; `cap` is at most max. */
static void grow(struct buf *b, size_t cap)
{
	size_t twice = b->cap > b->max / 2 ? b->max : b->cap * 2;
	size_t least = b->max < FIRST_CAP ? b->max : FIRST_CAP;
	if (cap < twice)
		cap = twice;
	if (cap < least)
		cap = least;
	b->p = mem_grow(b->cap > 0 ? b->p : NULL, cap + 1, 1);
	b->cap = cap;
	b->p[b->len] = '\0';
}

char *buf_room(struct buf *b, size_t len)
{
	size_t wanted;
	if (__builtin_add_overflow(b->len, len, &wanted) || wanted > b->max) {
		b->too_large = true;
		return NULL;
	}
	if (wanted > b->cap)
		grow(b, wanted);
	return b->p + b->len;
}

void buf_grew(struct buf *b, size_t len)
{
	assert(len <= b->cap - b->len);
	b->len += len;
	if (b->cap > 0)
		b->p[b->len] = '\0';
}

void buf_add(struct buf *b, const void *p, size_t len)
{
	if (len == 0)
		return;
	char *room = buf_room(b, len);
	if (!room)
		return;
	memcpy(room, p, len);
	buf_grew(b, len);
}

void buf_add_str(struct buf *b, struct str s)
{
	buf_add(b, s.p, s.len);
}

void buf_add_text(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

void buf_add_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list args, again;
	va_start(args, fmt);
	va_copy(again, args);
	/* Most lines fit into the room that is there: format once, and again only when they did
	 * not. */
	size_t spare = b->cap - b->len;
	int len =
		vsnprintf(b->cap > 0 ? b->p + b->len : NULL, b->cap > 0 ? spare + 1 : 0, fmt, args);
	va_end(args);
	if (b->cap > 0)
		b->p[b->len] = '\0';
	char *room = len > 0 ? buf_room(b, (size_t)len) : NULL;
	if (room) {
		vsnprintf(room, (size_t)len + 1, fmt, again);
		buf_grew(b, (size_t)len);
	}
	va_end(again);
}

struct str buf_str(const struct buf *b)
{
	return (struct str){ b->p, b->len };
}

char *buf_take(struct buf *b)
{
	char *taken = b->cap > 0 ? b->p : mem_text("");
	*b = buf_make(b->max);
	return taken;
}

int buf_check(const struct buf *b, struct err *e, const char *what)
{
	if (!b->too_large)
		return 0;
	return err_set(e, ERR_KIND_DATA, "%s is larger than %zu bytes", what, b->max);
}
