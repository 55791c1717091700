/* One side of a synchronisation: a directory or a prefix, as a stream of names in byte order. */
#ifndef WS_APPLETS_S3_SIDE_H
#define WS_APPLETS_S3_SIDE_H

#include "applets/s3_filter.h"
#include "applets/s3_path.h"
#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "os/walk.h"
#include "s3/s3.h"

struct s3_side {
	const struct s3_path *path;
	const struct s3_filter *filter;
	int root; /* the directory; -1: none, or an S3 side */
	struct walk *walk;
	struct s3_path_match match;
	bool other_is_local; /* keys that only note a directory are left out */
	bool ended, failed;
	uint64_t count;                            /* entries so far */
	uint64_t links, specials;                  /* things of a directory that are no files */
	void (*trouble)(void *ctx, struct err *e); /* told of single things that cannot be read */
	void *ctx;
	/* The present entry. */
	struct buf name, last;
	uint64_t size_bytes;
	int64_t modified_ms;
	int64_t placed_ms; /* since when it has been there: of an object when it was modified, of a file when anything of it changed */
	char etag[BLOB_ETAG_MAX];
};

/* Start a listing. A local side that is not there has no entries when `absent_ok`, else NOT_FOUND. */
int s3_side_open(struct s3_side *s, struct s3 *s3, bool absent_ok, struct err *e) MUST_CHECK;
/* 1 and the next entry, 0 at the end (s->ended), -1 (s->failed) when the listing cannot go on or is out of
 * order. */
int s3_side_next(struct s3_side *s, struct err *e) MUST_CHECK;
void s3_side_close(struct s3_side *s);
#define S3_SIDE_AUTO AUTO(s3_side_close) struct s3_side

#endif
