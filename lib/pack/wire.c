/* Numbers as bytes. */
#include "pack/wire.h"

void wire_put_u32(unsigned char *p, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (unsigned char)(v >> (8 * i));
}

void wire_put_u64(unsigned char *p, uint64_t v)
{
	wire_put_u32(p, (uint32_t)v);
	wire_put_u32(p + 4, (uint32_t)(v >> 32));
}

uint32_t wire_u32(const unsigned char *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

uint64_t wire_u64(const unsigned char *p)
{
	return (uint64_t)wire_u32(p) | (uint64_t)wire_u32(p + 4) << 32;
}

void wire_add_u32(struct buf *b, uint32_t v)
{
	unsigned char p[4];
	wire_put_u32(p, v);
	buf_add(b, p, sizeof(p));
}

void wire_add_varint(struct buf *b, uint64_t v)
{
	unsigned char p[10];
	size_t n = 0;
	for (; v >= 0x80; v >>= 7)
		p[n++] = (unsigned char)(v | 0x80);
	p[n++] = (unsigned char)v;
	buf_add(b, p, n);
}

void wire_add_signed(struct buf *b, int64_t v)
{
	wire_add_varint(b, (uint64_t)v << 1 ^ (v < 0 ? UINT64_MAX : 0));
}

struct wire wire_open(struct str bytes)
{
	const unsigned char *p = (const unsigned char *)bytes.p;
	return (struct wire){ .p = p, .end = p + bytes.len };
}

struct str wire_read_bytes(struct wire *w, uint64_t len)
{
	if (w->bad || len > (uint64_t)(w->end - w->p)) {
		w->bad = true;
		return (struct str){ "", 0 };
	}
	w->p += len;
	return str_from(w->p - len, (size_t)len);
}

uint32_t wire_read_u32(struct wire *w)
{
	struct str bytes = wire_read_bytes(w, 4);
	return bytes.len == 4 ? wire_u32((const unsigned char *)bytes.p) : 0;
}

uint64_t wire_read_varint(struct wire *w)
{
	uint64_t v = 0;
	for (unsigned shift = 0; shift < 64 && !w->bad && w->p < w->end; shift += 7) {
		unsigned char c = *w->p++;
		/* The tenth byte has room for one bit; a longer or padded form is not ours. */
		if ((shift == 63 && c > 1) || (shift > 0 && c == 0))
			break;
		v |= (uint64_t)(c & 0x7f) << shift;
		if (c < 0x80)
			return v;
	}
	w->bad = true;
	return 0;
}

int64_t wire_read_signed(struct wire *w)
{
	uint64_t v = wire_read_varint(w);
	return (int64_t)(v >> 1 ^ (0 - (v & 1)));
}
