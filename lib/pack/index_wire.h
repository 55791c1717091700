/* The bytes of the root of an index, written and read. For index itself. */
#ifndef WS_PACK_INDEX_WIRE_H
#define WS_PACK_INDEX_WIRE_H

#include "pack/index.h"
#include "pack/wire.h"

/* In the type byte of an entry: its stored length follows; it is a directory that came before. */
enum { INDEX_WIRE_TYPE = 0x0f, INDEX_WIRE_SPARSE = 0x10, INDEX_WIRE_AGAIN = 0x20 };

/* Flags of the root: members ascend, and the first entry of a block comes before its others; there are blocks between the data,
 * and how many follows the totals. */
enum { INDEX_WIRE_ASCENDS = 1, INDEX_WIRE_RUNS = 2 };

/* What the root says of one block; the path of its first entry ("" without entries) follows. What comes again is no entry
 * here. */
struct index_wire_block {
	uint64_t members, entries;
	uint64_t packed_bytes, raw_bytes; /* of its members together */
	uint64_t stored_len;              /* of the hidden members that carry it */
	uint64_t raw_len;                 /* inflated */
	uint32_t crc;
};

void index_wire_add_totals(struct buf *out, const struct index_totals *t, unsigned flags,
                           uint64_t blocks);
void index_wire_read_totals(struct wire *w, struct index_totals *t, unsigned *flags,
                            uint64_t *blocks);
void index_wire_add_block(struct buf *out, const struct index_wire_block *b);
void index_wire_read_block(struct wire *w, struct index_wire_block *b);
/* The next path into `path`, which holds the one before. */
void index_wire_read_path(struct wire *w, struct buf *path);

#endif
