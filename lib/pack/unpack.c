/* Two buffers: one that the caller reads, one that a worker fills. */
#include "pack/unpack.h"

#include <string.h>

#include "base/mem.h"

enum { PIECE = 1 << 20, RATIO_FROM = 64 << 20 };

struct piece {
	struct pool_job job;
	struct unpack *owner;
	unsigned char *bytes;
	size_t len;
};

struct unpack {
	enum unpack_kind kind;
	struct limits limits;
	struct pool *pool;
	struct feed feed;
	struct unpack_gzip *gzip;
	struct unpack_zstd *zstd;
	struct piece pieces[2];
	unsigned next; /* the piece that is being filled */
	uint64_t total;
	bool ended;
};

static int copy_plain(struct feed *feed, unsigned char *out, size_t cap, size_t *got, struct err *e)
{
	if (feed_need(feed, cap, e))
		return -1;
	*got = feed->len < cap ? feed->len : cap;
	memcpy(out, feed_bytes(feed), *got);
	feed_skip(feed, *got);
	return 0;
}

static int fill(struct unpack *u, struct piece *p, struct err *e)
{
	switch (u->kind) {
	case UNPACK_GZIP:
		return unpack_gzip_fill(u->gzip, &u->feed, p->bytes, PIECE, &p->len, e);
	case UNPACK_ZSTD:
		return unpack_zstd_fill(u->zstd, &u->feed, p->bytes, PIECE, &p->len, e);
	case UNPACK_NONE:
		break;
	}
	return copy_plain(&u->feed, p->bytes, PIECE, &p->len, e);
}

static int run(struct pool_job *job, struct err *e)
{
	struct piece *p = (struct piece *)job;
	struct unpack *u = p->owner;
	if (fill(u, p, e))
		return -1;
	u->total += p->len;
	if (u->total > RATIO_FROM && u->total / (u->feed.offset + 1) > u->limits.max_ratio)
		return err_set(e, ERR_KIND_DATA,
		               "the archive unpacks to more than the limit allows");
	return 0;
}

struct unpack *unpack_open(enum unpack_kind kind, struct source *source, struct pool *pool,
                           const struct limits *limits, struct progress *progress)
{
	struct unpack *u = mem_new(1, sizeof(*u));
	u->kind = kind;
	u->limits = *limits;
	u->pool = pool;
	feed_init(&u->feed, source, 0, UINT64_MAX, progress);
	if (kind == UNPACK_GZIP)
		u->gzip = unpack_gzip_new();
	if (kind == UNPACK_ZSTD)
		u->zstd = unpack_zstd_new();
	for (size_t i = 0; i < COUNTOF(u->pieces); i++) {
		u->pieces[i].job.run = run;
		u->pieces[i].owner = u;
		u->pieces[i].bytes = mem_new(PIECE, 1);
	}
	pool_submit(pool, &u->pieces[0].job);
	return u;
}

void unpack_close(struct unpack *u)
{
	struct err ignored = ERR_INIT;
	if (!u)
		return;
	if (!u->ended && pool_wait(u->pool, &u->pieces[u->next].job, &ignored))
		u->ended = true;
	unpack_gzip_free(u->gzip);
	unpack_zstd_free(u->zstd);
	feed_free(&u->feed);
	for (size_t i = 0; i < COUNTOF(u->pieces); i++)
		mem_free(u->pieces[i].bytes);
	mem_free(u);
}

int unpack_next(struct unpack *u, const unsigned char **p, size_t *len, struct err *e)
{
	*len = 0;
	if (u->ended)
		return 0;
	struct piece *piece = &u->pieces[u->next];
	int rc = pool_wait(u->pool, &piece->job, e);
	u->ended = rc != 0 || piece->len < PIECE;
	if (rc)
		return -1;
	u->next ^= 1;
	if (!u->ended)
		pool_submit(u->pool, &u->pieces[u->next].job);
	*p = piece->bytes;
	*len = piece->len;
	return piece->len > 0;
}
