/* What an archive from outside may ask of us. Each can be set lower or higher by the caller. */
#ifndef WS_PACK_LIMITS_H
#define WS_PACK_LIMITS_H

#include "base/defs.h"

struct limits {
	uint64_t max_entries; /* 10,000,000 */
	uint64_t max_bytes;   /* unpacked, all entries together; 1 TiB */
	uint64_t
		max_ratio; /* unpacked / packed, once 64 MiB were unpacked; 1,100 (deflate's own bound is 1,032) */
	uint64_t max_depth;       /* components of a path; 1,024 */
	uint64_t max_name_bytes;  /* of a path or link target; 32,768 */
	uint64_t max_pax_bytes;   /* one extended header; 1 MiB */
	uint64_t max_xattr_bytes; /* of one entry; 64 KiB */
	uint64_t max_sparse;      /* extents of one file; 1,000,000 */
	uint64_t max_index_bytes; /* unpacked index; 1 GiB */
	uint64_t max_members;     /* gzip members; 10,000,000 */
};

/* The defaults above. */
struct limits limits_default(void);

#endif
