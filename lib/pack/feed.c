/* A buffer that moves over a source. Offsets of its reads follow each other, as pipes and read-ahead want. */
#include "pack/feed.h"

#include <string.h>

#include "base/mem.h"

void feed_init(struct feed *f, struct source *source, uint64_t offset, uint64_t end,
               struct progress *progress)
{
	*f = (struct feed){ .source = source,
		            .progress = progress,
		            .offset = offset,
		            .end = end,
		            .piece = FEED_PIECE };
}

void feed_free(struct feed *f)
{
	mem_free(f->buf);
	f->buf = NULL;
}

static void make_room(struct feed *f, size_t want)
{
	size_t cap = want + f->piece;
	if (f->start > 0 && f->start + want + f->piece > f->cap) {
		memmove(f->buf, f->buf + f->start, f->len);
		f->start = 0;
	}
	if (cap > f->cap) {
		f->buf = mem_grow(f->buf, cap, 1);
		f->cap = cap;
	}
}

int feed_need(struct feed *f, size_t want, struct err *e)
{
	while (f->len < want && !f->ended) {
		make_room(f, want);
		uint64_t at = f->offset + f->len;
		size_t missing = want - f->len;
		size_t ask = missing > f->piece ? missing : f->piece;
		if (ask > f->end - at)
			ask = (size_t)(f->end - at);
		size_t got = 0;
		if (ask > 0 &&
		    f->source->read_at(f->source, at, f->buf + f->start + f->len, ask, &got, e))
			return err_context(e, "read the archive");
		f->len += got;
		f->ended = got < ask || at + got == f->end;
		progress_add(f->progress, got, 0);
	}
	return 0;
}

const unsigned char *feed_bytes(const struct feed *f)
{
	return f->buf + f->start;
}

void feed_skip(struct feed *f, size_t n)
{
	f->start += n;
	f->len -= n;
	f->offset += n;
}
