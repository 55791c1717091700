/* gzip streams of any kind (RFC 1952): zlib inflates, header and trailer are read here, and the checksum is libdeflate's,
 * which is many times faster. (libarchive's own filter does not look at checksums.) Door to zlib. */
#define ZLIB_CONST /* input is not written to */
#include <zlib.h>

#include "base/mem.h"
#include "pack/member.h"
#include "pack/unpack.h"
#include "pack/wire.h"

enum {
	INPUT_MAX = 1 << 20,
	FIXED_LEN = 10,
	TRAILER_LEN = 8,
	TEXT_MAX = 64 * 1024, /* of a name or comment in a header */
};

enum { FLAG_CHECK = 2, FLAG_EXTRA = 4, FLAG_NAME = 8, FLAG_COMMENT = 16, FLAGS_UNKNOWN = 0xe0 };

struct unpack_gzip {
	z_stream z;
	bool inside; /* within a member */
	bool ended;
	uint64_t members, max_members;
	uint32_t crc, len; /* of the member so far */
};

struct unpack_gzip *unpack_gzip_new(uint64_t max_members)
{
	struct unpack_gzip *g = mem_new(1, sizeof(*g));
	g->max_members = max_members;
	if (inflateInit2(&g->z, -MAX_WBITS) != Z_OK)
		mem_exhausted();
	return g;
}

void unpack_gzip_free(struct unpack_gzip *g)
{
	if (g)
		inflateEnd(&g->z);
	mem_free(g);
}

static int bad(const char *what, struct err *e)
{
	return err_set(e, ERR_KIND_DATA, "the gzip stream is %s", what);
}

/* Have `n` bytes at least. */
static int need(struct feed *feed, size_t n, struct err *e)
{
	if (feed_need(feed, n, e))
		return -1;
	return feed->len >= n ? 0 : bad("cut off", e);
}

/* Move *at behind a text and its NUL. */
static int pass_text(struct feed *feed, size_t *at, struct err *e)
{
	size_t from = *at;
	do {
		if (*at - from > TEXT_MAX)
			return bad("damaged: a text in its header does not end", e);
		if (need(feed, *at + 1, e))
			return -1;
	} while (feed_bytes(feed)[(*at)++] != 0);
	return 0;
}

static int begin(struct unpack_gzip *g, struct feed *feed, struct err *e)
{
	size_t at = FIXED_LEN;
	if (need(feed, FIXED_LEN, e))
		return -1;
	if (g->members++ == g->max_members)
		return bad("of more members than the limit", e);
	unsigned flags = feed_bytes(feed)[3];
	if (feed_bytes(feed)[2] != Z_DEFLATED || (flags & FLAGS_UNKNOWN))
		return bad("of a kind that is not known", e);
	if (flags & FLAG_EXTRA) {
		if (need(feed, at + 2, e))
			return -1;
		at += 2 + ((size_t)feed_bytes(feed)[at] | (size_t)feed_bytes(feed)[at + 1] << 8);
	}
	if ((flags & FLAG_NAME && pass_text(feed, &at, e)) ||
	    (flags & FLAG_COMMENT && pass_text(feed, &at, e)))
		return -1;
	at += flags & FLAG_CHECK ? 2 : 0;
	if (need(feed, at, e))
		return -1;
	feed_skip(feed, at);
	if (inflateReset(&g->z) != Z_OK)
		return err_set(e, ERR_KIND_BUG, "zlib refuses to start again");
	g->inside = true;
	g->crc = g->len = 0;
	return 0;
}

/* Between members: another one, zeros up to the end (as tapes have), or nothing. */
static int between(struct unpack_gzip *g, struct feed *feed, struct err *e)
{
	const unsigned char *p = feed_bytes(feed);
	if (feed->len >= 2 && p[0] == 0x1f && p[1] == 0x8b)
		return begin(g, feed, e);
	while (g->members > 0 && feed->len > 0 && *feed_bytes(feed) == 0) {
		feed_skip(feed, 1);
		if (feed_need(feed, 1, e))
			return -1;
	}
	if (feed->len > 0 || g->members == 0)
		return err_set(e, ERR_KIND_DATA,
		               "there is something behind the end of the gzip stream");
	g->ended = true;
	return 0;
}

static int check_trailer(struct unpack_gzip *g, struct feed *feed, struct err *e)
{
	if (need(feed, TRAILER_LEN, e))
		return -1;
	const unsigned char *p = feed_bytes(feed);
	if (wire_u32(p) != g->crc || wire_u32(p + 4) != g->len)
		return bad("damaged: the checksum is wrong", e);
	feed_skip(feed, TRAILER_LEN);
	g->inside = false;
	return 0;
}

static int step(struct unpack_gzip *g, struct feed *feed, struct err *e)
{
	const unsigned char *out = g->z.next_out;
	uInt before = feed->len < INPUT_MAX ? (uInt)feed->len : INPUT_MAX;
	if (before == 0)
		return bad("cut off", e);
	g->z.next_in = feed_bytes(feed);
	g->z.avail_in = before;
	int rc = inflate(&g->z, Z_NO_FLUSH);
	feed_skip(feed, before - g->z.avail_in);
	size_t got = (size_t)(g->z.next_out - out);
	g->crc = member_crc32_more(g->crc, out, got);
	g->len += (uint32_t)got;
	if (rc == Z_MEM_ERROR)
		mem_exhausted();
	if (rc == Z_STREAM_END)
		return check_trailer(g, feed, e);
	return rc == Z_OK || rc == Z_BUF_ERROR ? 0 : bad("damaged", e);
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
