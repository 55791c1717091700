/*
 * What long work has done so far. Libraries take a pointer (NULL is fine for the adders) and only
 * count; os/meter draws it on a terminal.
 */
#ifndef WS_BASE_PROGRESS_H
#define WS_BASE_PROGRESS_H

#include <stdatomic.h>

#include "base/defs.h"

struct progress {
	const char *label;            /* "save s1", not owned */
	_Atomic uint64_t total_bytes; /* 0: unknown */
	_Atomic uint64_t total_items; /* 0: unknown */
	_Atomic uint64_t done_bytes, done_items;
	int64_t started_ms; /* monotonic; set by meter_start */
};

void progress_add(struct progress *p, uint64_t bytes, uint64_t items);
void progress_expect(struct progress *p, uint64_t bytes, uint64_t items);
/* "save s1  12.3 MiB of 40.0 MiB  31%  8.1 MiB/s  3 s left" at `now_ms`, for a terminal of
 * `width` columns, into `out`. Pure. Returns out. */
char *progress_format(const struct progress *p, int64_t now_ms, unsigned width, char *out,
                      size_t cap);

#endif
