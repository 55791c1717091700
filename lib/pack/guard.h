/* The limits, counted up entry by entry. For lib/pack itself. */
#ifndef WS_PACK_GUARD_H
#define WS_PACK_GUARD_H

#include "base/err.h"
#include "pack/entry.h"
#include "pack/limits.h"

struct guard {
	uint64_t entries, bytes;
};

/* One more entry. Errors: DATA, naming the limit. */
int guard_entry(struct guard *g, const struct limits *limits, const struct entry *entry,
                struct err *e) MUST_CHECK;
/* So many bytes of the archive have become so many. Errors: DATA, naming the limit. */
int guard_ratio(const struct limits *limits, uint64_t packed_bytes, uint64_t raw_bytes,
                struct err *e) MUST_CHECK;

#endif
