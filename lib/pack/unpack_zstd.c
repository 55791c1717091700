/* zstd streams, frames one after the other. Door to zstd. */
#include <zstd.h>

#include "base/mem.h"
#include "pack/unpack.h"

enum { WINDOW_LOG_MAX = 27 };

struct unpack_zstd {
	ZSTD_DStream *stream;
	bool inside; /* a frame */
};

struct unpack_zstd *unpack_zstd_new(void)
{
	struct unpack_zstd *z = mem_new(1, sizeof(*z));
	z->stream = ZSTD_createDStream();
	if (!z->stream ||
	    ZSTD_isError(ZSTD_DCtx_setParameter(z->stream, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)))
		mem_exhausted();
	return z;
}

void unpack_zstd_free(struct unpack_zstd *z)
{
	if (z)
		ZSTD_freeDStream(z->stream);
	mem_free(z);
}

int unpack_zstd_fill(struct unpack_zstd *z, struct feed *feed, unsigned char *out, size_t cap,
                     size_t *got, struct err *e)
{
	ZSTD_outBuffer to = { .dst = out, .size = cap };
	for (;;) {
		if (feed_need(feed, 1, e))
			return -1;
		ZSTD_inBuffer from = { .src = feed_bytes(feed), .size = feed->len };
		size_t before = to.pos;
		size_t rc = ZSTD_decompressStream(z->stream, &to, &from);
		if (ZSTD_isError(rc))
			return err_set(e, ERR_KIND_DATA, "the zstd stream is damaged: %s",
			               ZSTD_getErrorName(rc));
		/* Without input it may still have output; with neither it waits for more. */
		bool moved = from.pos > 0 || to.pos > before;
		if (moved)
			z->inside = rc != 0;
		feed_skip(feed, from.pos);
		*got = to.pos;
		if (to.pos == cap)
			return 0;
		if (moved || feed->len > 0)
			continue;
		return z->inside ? err_set(e, ERR_KIND_DATA, "the zstd stream is cut off") : 0;
	}
}
