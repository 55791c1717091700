/* A foreign stream, decompressed some pieces ahead by a thread of its own. For lib/pack itself. */
#ifndef WS_PACK_UNPACK_H
#define WS_PACK_UNPACK_H

#include "base/defs.h"
#include "base/err.h"
#include "base/io.h"
#include "base/progress.h"
#include "pack/feed.h"
#include "pack/limits.h"

enum unpack_kind { UNPACK_NONE, UNPACK_GZIP, UNPACK_ZSTD };

struct unpack;

int unpack_open(enum unpack_kind kind, struct source *source, const struct limits *limits,
                struct progress *progress, struct unpack **out, struct err *e) MUST_CHECK;
void unpack_close(struct unpack *u);
/* The next piece, valid until the next call: 1, 0 at the end, -1. The end is only reached when every checksum was right
 * and nothing was missing. Errors: DATA. */
int unpack_next(struct unpack *u, const unsigned char **p, size_t *len, struct err *e) MUST_CHECK;

/* The codecs. Each fills `out` from `feed`; *got < cap only at the end of the stream. */
struct unpack_gzip;
struct unpack_gzip *unpack_gzip_new(uint64_t max_members);
void unpack_gzip_free(struct unpack_gzip *g);
int unpack_gzip_fill(struct unpack_gzip *g, struct feed *feed, unsigned char *out, size_t cap,
                     size_t *got, struct err *e) MUST_CHECK;
struct unpack_zstd;
struct unpack_zstd *unpack_zstd_new(void);
void unpack_zstd_free(struct unpack_zstd *z);
int unpack_zstd_fill(struct unpack_zstd *z, struct feed *feed, unsigned char *out, size_t cap,
                     size_t *got, struct err *e) MUST_CHECK;

#endif
