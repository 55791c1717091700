/*
 * The tar headers that we write, and a strict reader of exactly those: POSIX.1-2017 pax (ustar blocks, 'x' records
 * where a value needs one) and GNU's sparse format 1.0. Everything else goes through libarchive. For lib/pack itself.
 */
#ifndef WS_PACK_TAR_H
#define WS_PACK_TAR_H

#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "pack/entry.h"
#include "pack/limits.h"

enum {
	TAR_BLOCK = 512,
	TAR_END = 2 * TAR_BLOCK, /* the zero blocks at the end */
	TAR_EXTENTS_MAX = 32768, /* a writer gives a file no more; the map must fit in one group */
};

/* The comment in the header of a directory that comes again. */
#define TAR_AGAIN "again"

/* The header of `tar_head.entry` is head_bytes long and followed by stored_bytes, padded to a block. Those begin with
 * the map of a sparse file (map_bytes, padded) and go on with its extents one after the other. */
struct tar_head {
	struct entry entry;
	uint64_t head_bytes;
	uint64_t map_bytes;
	uint64_t stored_bytes;
};

/* `bytes` rounded up to whole blocks. */
uint64_t tar_padded(uint64_t bytes);

/* Memory that is used again for each header; what tar_parse gives points into it. */
struct tar_scratch {
	struct buf text, map;
	struct entry_extent *extents;
	size_t extents_cap;
	struct entry_xattr *xattrs;
	size_t xattrs_cap;
};
void tar_scratch_init(struct tar_scratch *s);
void tar_scratch_free(struct tar_scratch *s);

/* Append the header of `entry`, and the map when it is sparse, to `out`. The entry's path is clean ("" for the root);
 * of its sizes only size_bytes and the extents count. Errors: DATA when `out` is too small. */
int tar_format(const struct entry *entry, struct tar_scratch *s, struct buf *out,
               struct tar_head *head, struct err *e) MUST_CHECK;

/* Read the header at `p`: 1 and *head, whose strings point into `p` and `s`; 0 at the zero blocks of the end; -1.
 * A header that goes beyond `avail`, and anything that tar_format would not write, is a DATA error. A directory's path
 * comes without its trailing '/', the root as "". The map of a sparse file must lie within `avail` too. */
int tar_parse(const unsigned char *p, size_t avail, const struct limits *limits,
              struct tar_scratch *s, struct tar_head *head, struct err *e) MUST_CHECK;

#endif
