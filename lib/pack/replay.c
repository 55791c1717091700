/* First what is remembered, then the rest. */
#include "pack/replay.h"

#include <string.h>

#include "base/mem.h"

struct replay {
	struct source base;
	struct source *inner;
	size_t len;
	unsigned char start[REPLAY_MAX];
};

static int read_at(struct source *s, uint64_t offset, void *p, size_t len, size_t *got,
                   struct err *e)
{
	struct replay *r = (struct replay *)s;
	unsigned char *out = p;
	size_t from_start = 0, more = 0;
	if (offset < r->len) {
		from_start = r->len - (size_t)offset;
		if (from_start > len)
			from_start = len;
		memcpy(out, r->start + offset, from_start);
	}
	/* Fewer bytes than were asked for at first mean that there are no more. */
	if (len > from_start && r->len == REPLAY_MAX &&
	    r->inner->read_at(r->inner, offset + from_start, out + from_start, len - from_start,
	                      &more, e))
		return -1;
	*got = from_start + more;
	return 0;
}

static void close_replay(struct source *s)
{
	mem_free(s);
}

struct source *replay_new(struct source *inner, const void *start, size_t len)
{
	struct replay *r = mem_new(1, sizeof(*r));
	r->base = *inner;
	r->base.read_at = read_at;
	r->base.close = close_replay;
	r->inner = inner;
	r->len = len < REPLAY_MAX ? len : REPLAY_MAX;
	memcpy(r->start, start, r->len);
	return &r->base;
}
