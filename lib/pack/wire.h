/* Little-endian numbers and LEB128 varints. For lib/pack itself. */
#ifndef WS_PACK_WIRE_H
#define WS_PACK_WIRE_H

#include "base/buf.h"
#include "base/defs.h"
#include "base/str.h"

void wire_put_u32(unsigned char *p, uint32_t v);
void wire_put_u64(unsigned char *p, uint64_t v);
uint32_t wire_u32(const unsigned char *p);
uint64_t wire_u64(const unsigned char *p);

void wire_add_u32(struct buf *b, uint32_t v);
/* Seven bits a byte, the low ones first. */
void wire_add_varint(struct buf *b, uint64_t v);
/* Signed: 0, -1, 1, -2… become 0, 1, 2, 3… */
void wire_add_signed(struct buf *b, int64_t v);

/* What is being read. The first thing that is not there or not right sets `bad`, and all that follows is 0. */
struct wire {
	const unsigned char *p, *end;
	bool bad;
};
struct wire wire_open(struct str bytes);
uint32_t wire_read_u32(struct wire *w);
uint64_t wire_read_varint(struct wire *w);
int64_t wire_read_signed(struct wire *w);
/* The next `len` bytes, or an empty view and bad. */
struct str wire_read_bytes(struct wire *w, uint64_t len);

#endif
