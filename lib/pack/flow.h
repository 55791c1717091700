/*
 * The members of one of our archives in order, inflated ahead by workers. Reading hops from member to member by the
 * lengths that they carry; the hidden members at the end are checked for their form and passed over.
 * For lib/pack itself.
 */
#ifndef WS_PACK_FLOW_H
#define WS_PACK_FLOW_H

#include "base/defs.h"
#include "base/err.h"
#include "base/io.h"
#include "base/progress.h"
#include "os/pool.h"
#include "pack/limits.h"
#include "pack/member.h"

struct flow;

/* One member, inflated. */
struct flow_group {
	struct pool_job job;
	struct flow *flow;
	struct member_opener *opener;
	struct member_head head;
	unsigned char *packed, *raw;
	size_t packed_cap, raw_cap;
	uint32_t crc;
	uint64_t number;     /* of the member */
	uint64_t offset;     /* of the member in the archive */
	uint64_t raw_offset; /* of its bytes in the tar */
	unsigned holds;      /* who still reads raw; counted in the calling thread only */
	struct flow_group *next;
};

struct flow_options {
	enum member_form form;
	const struct limits *limits;
	struct pool *pool;
	unsigned ahead;    /* members inflated before they are asked for */
	unsigned kept_max; /* groups that the caller holds at the same time */
	struct progress *progress;
	/* Where to begin: the start of a member. */
	uint64_t number, offset, raw_offset;
	uint64_t end; /* read nothing from here on (UINT64_MAX: all, with the hidden members) */
	size_t first_piece; /* bytes of the first read; 0: as usual */
};

int flow_open(struct source *source, const struct flow_options *options, struct flow **out,
              struct err *e) MUST_CHECK;
void flow_close(struct flow *f);
/* The next member, held once: 1, 0 behind the last, -1. Errors: DATA naming the member's place. */
int flow_next(struct flow *f, struct flow_group **out, struct err *e) MUST_CHECK;
/* One more holder; one less. With the last its memory is used again. */
void flow_hold(struct flow_group *g);
void flow_drop(struct flow_group *g);

#endif
