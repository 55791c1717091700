/* What an archive from outside may ask of us. Each can be set lower or higher by the caller. */
#ifndef WS_PACK_LIMITS_H
#define WS_PACK_LIMITS_H

#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"

struct limits {
	uint64_t max_entries; /* 10,000,000 */
	uint64_t max_bytes;   /* unpacked, all entries together; 1 TiB */
	/* Unpacked / packed; 200. What is worth keeping stays below 100, a bomb of one layer of deflate is at 1,000. It
	 * counts from ratio_from bytes on (1 GiB): less than that is no harm, and may well be zeros. */
	uint64_t max_ratio, ratio_from;
	uint64_t max_depth;       /* components of a path; 1,024 */
	uint64_t max_name_bytes;  /* of a path or link target; 32,768 */
	uint64_t max_pax_bytes;   /* one extended header; 1 MiB */
	uint64_t max_xattr_bytes; /* of one entry; 64 KiB */
	uint64_t max_sparse;      /* extents of one file; 1,000,000 */
	uint64_t max_index_bytes; /* a block, or the root, of an index, inflated; 64 MiB */
	uint64_t max_members;     /* gzip members; 10,000,000 */
};

/* The defaults above. */
struct limits limits_default(void);
/* Those for what this program has saved itself and must give back whatever it is: no ratio. */
struct limits limits_of_ours(void);

/* All names that limits_set knows, with commas between. */
#define LIMITS_NAMES \
	"entries, bytes, ratio, ratio-from, depth, name, pax, xattr, sparse, index, members"

/* Set one by "NAME=N", N as sizes are given. Errors: USAGE. */
int limits_set(struct limits *limits, struct str setting, struct err *e) MUST_CHECK;

#endif
