/*
 * Files of the same name brought together: their contents, and headers, are often alike, and deflate sees only 32 KiB back.
 * For press.
 */
#ifndef WS_PACK_NAMESAKES_H
#define WS_PACK_NAMESAKES_H

#include "base/defs.h"
#include "base/str.h"

/* Memory that is used again for each list; all zero at first. */
struct namesakes {
	uint32_t *order; /* the result: places in the list that was given */
	uint32_t *next, *last, *slots;
	size_t cap;
};

void namesakes_free(struct namesakes *n);

/* Put each name behind the one before it that is the same; all others stay in their order, and so does what has no name.
 * Whether anything moved; nothing ever moves back. Below 2^30 names. */
bool namesakes_order(struct namesakes *n, const struct str *names, size_t count);

#endif
