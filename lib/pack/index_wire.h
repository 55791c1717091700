/* The bytes of the root of an index, written and read. For index itself. */
#ifndef WS_PACK_INDEX_WIRE_H
#define WS_PACK_INDEX_WIRE_H

#include "pack/index.h"
#include "pack/wire.h"

/* In the type byte of an entry: its stored length follows. */
enum { INDEX_WIRE_TYPE = 0x0f, INDEX_WIRE_SPARSE = 0x10 };

/* Flags of the root: paths ascend; there are blocks between the data, and how many follows the totals; blocks ascend by
 * names_cmp_after, each with its first entry before its others (and paths do not ascend). */
enum { INDEX_WIRE_SORTED = 1, INDEX_WIRE_RUNS = 2, INDEX_WIRE_GATHERED = 4 };

/* What the root says of one block; the path of its first entry ("" without entries) follows. */
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
