/* Bytes of a source in order, as many at once as a reader needs. For lib/pack itself. */
#ifndef WS_PACK_FEED_H
#define WS_PACK_FEED_H

#include "base/defs.h"
#include "base/err.h"
#include "base/io.h"
#include "base/progress.h"

enum { FEED_PIECE = 1 << 20 };

struct feed {
	struct source *source;
	struct progress *progress; /* counts what is read */
	unsigned char *buf;
	size_t start, len, cap; /* what is there: buf[start, start + len) */
	uint64_t offset;        /* of buf[start] in the source */
	uint64_t end; /* read nothing from here on; UINT64_MAX: to the end of the source */
	size_t piece; /* read so much at once */
	bool ended;
};

void feed_init(struct feed *f, struct source *source, uint64_t offset, uint64_t end,
               struct progress *progress);
void feed_free(struct feed *f);
/* Have at least `want` bytes, or all that are left: f->len says how many there are. */
int feed_need(struct feed *f, size_t want, struct err *e) MUST_CHECK;
const unsigned char *feed_bytes(const struct feed *f);
/* Done with the first `n` of them. */
void feed_skip(struct feed *f, size_t n);

#endif
