/* The root's fields, each list once for writing and once for reading. */
#include "pack/index_wire.h"

void index_wire_add_totals(struct buf *out, const struct index_totals *t, unsigned flags,
                           uint64_t blocks)
{
	wire_add_varint(out, flags);
	wire_add_varint(out, t->entries);
	wire_add_varint(out, t->content_bytes);
	wire_add_varint(out, t->raw_bytes);
	wire_add_varint(out, t->packed_bytes);
	wire_add_varint(out, t->members);
	wire_add_varint(out, blocks);
}

void index_wire_read_totals(struct wire *w, struct index_totals *t, unsigned *flags,
                            uint64_t *blocks)
{
	uint64_t said = wire_read_varint(w);
	w->bad |= said > (INDEX_WIRE_ASCENDS | INDEX_WIRE_RUNS);
	*flags = (unsigned)said;
	t->entries = wire_read_varint(w);
	t->content_bytes = wire_read_varint(w);
	t->raw_bytes = wire_read_varint(w);
	t->packed_bytes = wire_read_varint(w);
	t->members = wire_read_varint(w);
	*blocks = wire_read_varint(w);
}

void index_wire_add_block(struct buf *out, const struct index_wire_block *b)
{
	wire_add_varint(out, b->members);
	wire_add_varint(out, b->entries);
	wire_add_varint(out, b->packed_bytes);
	wire_add_varint(out, b->raw_bytes);
	wire_add_varint(out, b->stored_len);
	wire_add_varint(out, b->raw_len);
	wire_add_u32(out, b->crc);
}

void index_wire_read_block(struct wire *w, struct index_wire_block *b)
{
	b->members = wire_read_varint(w);
	b->entries = wire_read_varint(w);
	b->packed_bytes = wire_read_varint(w);
	b->raw_bytes = wire_read_varint(w);
	b->stored_len = wire_read_varint(w);
	b->raw_len = wire_read_varint(w);
	b->crc = wire_read_u32(w);
}

void index_wire_read_path(struct wire *w, struct buf *path)
{
	uint64_t shared = wire_read_varint(w);
	struct str suffix = wire_read_bytes(w, wire_read_varint(w));
	w->bad |= shared > path->len;
	if (w->bad)
		return;
	buf_truncate(path, (size_t)shared);
	buf_add_str(path, suffix);
	w->bad |= path->too_large;
}
