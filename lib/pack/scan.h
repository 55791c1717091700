/*
 * The entries of one of our archives in order, from the headers in its members, each held against the index when there
 * is one. For lib/pack itself.
 */
#ifndef WS_PACK_SCAN_H
#define WS_PACK_SCAN_H

#include "crypto/digest.h"
#include "pack/again.h"
#include "pack/flow.h"
#include "pack/index.h"
#include "pack/tar.h"

struct scan {
	struct flow *flow;
	struct limits limits;
	struct index_cursor *cursor; /* NULL: no index */
	struct flow_group *group;    /* at hand, held */
	size_t pos;                  /* within it */
	struct tar_scratch scratch;
	struct tar_head head;
	struct again again;
	bool ended;
	uint64_t left, pad;               /* of the present entry's stored bytes, and behind them */
	const unsigned char *want_sha256; /* by the index, in `sha256`, or NULL */
	unsigned char sha256[INDEX_SHA256]; /* a copy: the cursor goes on while content is read */
	bool hashing;
	struct digest_sha256 digest;
	uint64_t members, raw_bytes, packed_bytes; /* seen so far */
};

/* Takes over flow and cursor. */
void scan_init(struct scan *s, struct flow *flow, struct index_cursor *cursor,
               const struct limits *limits);
void scan_free(struct scan *s);
/* Go to the entry whose header is `inside` bytes behind the start of the flow's first member. */
int scan_seek(struct scan *s, uint64_t inside, struct err *e) MUST_CHECK;
/* The next header, in s->head: 1, 0 at the end, -1. What was left of the entry before is passed over, and so is what comes
 * again. */
int scan_entry(struct scan *s, struct err *e) MUST_CHECK;
/* A piece of the entry's stored bytes, within s->group: 1, 0 at their end, -1. */
int scan_data(struct scan *s, const unsigned char **p, size_t *len, struct err *e) MUST_CHECK;
/* Hash the stored bytes from here on as they pass, and hold the hash against the index at their end. Call it before the
 * first piece. */
void scan_check_content(struct scan *s);

#endif
