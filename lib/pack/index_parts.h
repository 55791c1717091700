/* An open index, for index and index_cursor. */
#ifndef WS_PACK_INDEX_PARTS_H
#define WS_PACK_INDEX_PARTS_H

#include "pack/index.h"
#include "pack/index_wire.h"
#include "pack/member.h"

struct index_block {
	struct index_wire_block wire;
	uint64_t first_member, packed_off, raw_off; /* sums over the blocks before */
	uint64_t stored_off, run_end;               /* of its hidden members; of those of its run */
	bool ends_run;                              /* data follows */
	size_t path_at, path_len;                   /* of its first entry, in index.paths */
};

struct index {
	struct source *source;
	struct limits limits;
	struct index_totals totals;
	bool ascends; /* as the root says */
	struct index_footer footer;
	enum member_form form;
	struct index_block *blocks;
	size_t block_count;
	struct buf paths;
	struct member_opener *opener;
	/* Bytes of the source: its end, and a piece before that. */
	unsigned char *tail;
	uint64_t tail_off;
	size_t tail_len;
	unsigned char *window;
	uint64_t window_off;
	size_t window_len;
};

/* Inflate what the hidden members in [offset, offset + stored_len) carry into `raw`: raw_len bytes with that checksum.
 * When it has to be read, `ahead` bytes are read in one go. Errors: DATA. */
int index_fetch(struct index *ix, uint64_t offset, uint64_t stored_len, uint64_t ahead,
                uint64_t raw_len, uint32_t crc, struct buf *raw, struct err *e) MUST_CHECK;

#endif
