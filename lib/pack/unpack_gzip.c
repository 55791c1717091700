/* gzip streams of any kind through zlib, checksums included (libarchive's own filter does not look at them). Door to
 * zlib. */
#define ZLIB_CONST /* input is not written to */
#include <zlib.h>

#include "base/mem.h"
#include "pack/unpack.h"

enum { GZIP_ONLY = 16 + MAX_WBITS, INPUT_MAX = 1 << 20 };

struct unpack_gzip {
	z_stream z;
	bool inside; /* within a member */
	bool any;    /* there was one */
	bool ended;
};

struct unpack_gzip *unpack_gzip_new(void)
{
	struct unpack_gzip *g = mem_new(1, sizeof(*g));
	if (inflateInit2(&g->z, GZIP_ONLY) != Z_OK)
		mem_exhausted();
	return g;
}

void unpack_gzip_free(struct unpack_gzip *g)
{
	if (g)
		inflateEnd(&g->z);
	mem_free(g);
}

/* Between members: another one, zeros up to the end (as tapes have), or nothing. */
static int between(struct unpack_gzip *g, struct feed *feed, struct err *e)
{
	const unsigned char *p = feed_bytes(feed);
	if (feed->len >= 2 && p[0] == 0x1f && p[1] == 0x8b) {
		g->inside = g->any = true;
		return inflateReset(&g->z) == Z_OK
		               ? 0
		               : err_set(e, ERR_KIND_BUG, "zlib refuses to start again");
	}
	while (g->any && feed->len > 0 && *feed_bytes(feed) == 0) {
		feed_skip(feed, 1);
		if (feed_need(feed, 1, e))
			return -1;
	}
	if (feed->len > 0 || !g->any)
		return err_set(e, ERR_KIND_DATA,
		               "there is something behind the end of the gzip stream");
	g->ended = true;
	return 0;
}

static int step(struct unpack_gzip *g, struct feed *feed, struct err *e)
{
	uInt before = feed->len < INPUT_MAX ? (uInt)feed->len : INPUT_MAX;
	if (before == 0)
		return err_set(e, ERR_KIND_DATA, "the gzip stream is cut off");
	g->z.next_in = feed_bytes(feed);
	g->z.avail_in = before;
	int rc = inflate(&g->z, Z_NO_FLUSH);
	feed_skip(feed, before - g->z.avail_in);
	if (rc == Z_STREAM_END)
		g->inside = false;
	else if (rc == Z_MEM_ERROR)
		mem_exhausted();
	else if (rc != Z_OK && rc != Z_BUF_ERROR)
		return err_set(e, ERR_KIND_DATA, "the gzip stream is damaged: %s",
		               g->z.msg ? g->z.msg : "not gzip");
	return 0;
}

int unpack_gzip_fill(struct unpack_gzip *g, struct feed *feed, unsigned char *out, size_t cap,
                     size_t *got, struct err *e)
{
	g->z.next_out = out;
	g->z.avail_out = (uInt)cap;
	while (!g->ended && g->z.avail_out > 0) {
		if (feed_need(feed, 2, e) || (g->inside ? step(g, feed, e) : between(g, feed, e)))
			return -1;
	}
	*got = cap - g->z.avail_out;
	return 0;
}
