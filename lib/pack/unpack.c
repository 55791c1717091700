/* A ring of buffers: the caller reads one, a thread fills the others in order. It is not one of those that write files,
 * behind whose work it would have to wait: inflating a foreign stream is what takes longest. */
#include "pack/unpack.h"

#include <string.h>

#include "base/mem.h"
#include "os/pool.h"
#include "pack/guard.h"
#include "pack/member.h"

enum { PIECE = 1 << 20, PIECES = 4 };

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
	struct piece pieces[PIECES];
	unsigned next; /* the piece that the caller gets next; those behind it are being filled */
	bool given, ended; /* the caller has one; there are no more */
	/* The thread's: */
	uint64_t total;
	bool failed;
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
	p->len = 0;
	if (u->failed)
		return 0;
	u->failed = fill(u, p, e) != 0;
	u->total += p->len;
	if (!u->failed)
		u->failed = guard_ratio(&u->limits, u->feed.offset, u->total, e) != 0;
	return u->failed ? -1 : 0;
}

int unpack_open(enum unpack_kind kind, struct source *source, const struct limits *limits,
                struct progress *progress, struct unpack **out, struct err *e)
{
	struct unpack *u = mem_new(1, sizeof(*u));
	*out = u;
	u->kind = kind;
	u->limits = *limits;
	member_prepare();
	feed_init(&u->feed, source, 0, UINT64_MAX, progress);
	if (kind == UNPACK_GZIP)
		u->gzip = unpack_gzip_new(limits->max_members);
	if (kind == UNPACK_ZSTD)
		u->zstd = unpack_zstd_new();
	if (pool_open(1, 0, PIECES, &u->pool, e)) {
		unpack_close(u);
		*out = NULL;
		return -1;
	}
	for (size_t i = 0; i < PIECES; i++) {
		u->pieces[i].job.run = run;
		u->pieces[i].owner = u;
		u->pieces[i].bytes = mem_new(PIECE, 1);
		pool_submit(u->pool, &u->pieces[i].job);
	}
	return 0;
}

void unpack_close(struct unpack *u)
{
	if (!u)
		return;
	pool_close(u->pool);
	unpack_gzip_free(u->gzip);
	unpack_zstd_free(u->zstd);
	feed_free(&u->feed);
	for (size_t i = 0; i < PIECES; i++)
		mem_free(u->pieces[i].bytes);
	mem_free(u);
}

int unpack_next(struct unpack *u, const unsigned char **p, size_t *len, struct err *e)
{
	*len = 0;
	if (u->ended)
		return 0;
	/* The one that the caller has read is filled again. */
	if (u->given)
		pool_submit(u->pool, &u->pieces[(u->next + PIECES - 1) % PIECES].job);
	struct piece *piece = &u->pieces[u->next];
	int rc = pool_wait(u->pool, &piece->job, e);
	u->ended = rc != 0 || piece->len < PIECE;
	if (rc)
		return -1;
	u->given = true;
	u->next = (u->next + 1) % PIECES;
	*p = piece->bytes;
	*len = piece->len;
	return piece->len > 0;
}
