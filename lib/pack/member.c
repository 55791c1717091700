/* One member at a time; those of gzip by libdeflate. */
#include "pack/member.h"

#include <libdeflate.h>
#include <string.h>

#include "base/mem.h"
#include "pack/member_zstd.h"
#include "pack/wire.h"

enum {
	FIXED_LEN = 10,
	SUBFIELD_AT = 12, /* behind XLEN */
	PAYLOAD_AT = 16,
	HIDDEN_TAIL = MEMBER_HIDDEN_EXTRA - PAYLOAD_AT,
};

/* Deflate, an extra field, no time, no flags about the compressor, no operating system. */
static const unsigned char fixed[FIXED_LEN] = { 0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff };
/* Nothing, deflated; its checksum and length are 0. */
static const unsigned char empty_body[HIDDEN_TAIL] = { 3, 0 };

static void put_header(unsigned char *p, char what, size_t payload_len)
{
	memcpy(p, fixed, FIXED_LEN);
	size_t extra = payload_len + 4;
	p[10] = (unsigned char)extra;
	p[11] = (unsigned char)(extra >> 8);
	p[12] = 'W';
	p[13] = (unsigned char)what;
	p[14] = (unsigned char)payload_len;
	p[15] = (unsigned char)(payload_len >> 8);
}

static struct member_head look_data(const unsigned char *p, size_t payload_len)
{
	struct member_head head = { .kind = MEMBER_DATA };
	if (payload_len != 8)
		return (struct member_head){ .kind = MEMBER_FOREIGN };
	head.packed_len = wire_u32(p + PAYLOAD_AT);
	head.raw_len = wire_u32(p + PAYLOAD_AT + 4);
	if (head.raw_len == 0 || head.raw_len > MEMBER_RAW_MAX ||
	    head.packed_len < MEMBER_HEAD + MEMBER_TAIL ||
	    head.packed_len > member_bound(head.raw_len))
		head.kind = MEMBER_FOREIGN;
	return head;
}

struct member_head member_look(const unsigned char *p, size_t avail)
{
	struct member_head head = { .kind = MEMBER_FOREIGN };
	if (avail < MEMBER_HEAD || memcmp(p, fixed, FIXED_LEN) != 0)
		return member_zstd_look(p, avail);
	if (p[12] != 'W')
		return head;
	size_t extra = (size_t)p[10] | (size_t)p[11] << 8;
	size_t payload_len = (size_t)p[14] | (size_t)p[15] << 8;
	if (payload_len + 4 != extra)
		return head;
	if (p[13] == 'S')
		return look_data(p, payload_len);
	head.packed_len = payload_len + MEMBER_HIDDEN_EXTRA;
	if (p[13] == 'I')
		head.kind = MEMBER_INDEX;
	if (p[13] == 'F')
		head.kind = MEMBER_FOOTER;
	return head;
}

struct str member_payload(const unsigned char *p, size_t packed_len)
{
	struct member_head head = member_look(p, packed_len);
	bool hidden = head.kind == MEMBER_INDEX || head.kind == MEMBER_FOOTER;
	if (head.form == MEMBER_ZSTD)
		return member_zstd_payload(p, packed_len);
	if (!hidden || head.packed_len != packed_len ||
	    memcmp(p + packed_len - HIDDEN_TAIL, empty_body, HIDDEN_TAIL) != 0)
		return (struct str){ "", 0 };
	return str_from(p + PAYLOAD_AT, packed_len - MEMBER_HIDDEN_EXTRA);
}

void member_add_hidden(struct buf *out, enum member_form form, enum member_kind kind,
                       struct str payload)
{
	if (form == MEMBER_ZSTD) {
		member_zstd_add_hidden(out, kind, payload);
		return;
	}
	do {
		unsigned char header[PAYLOAD_AT];
		struct str slice = str_head(payload, MEMBER_PAYLOAD_MAX);
		put_header(header, kind == MEMBER_FOOTER ? 'F' : 'I', slice.len);
		buf_add(out, header, sizeof(header));
		buf_add_str(out, slice);
		buf_add(out, empty_body, sizeof(empty_body));
		payload = str_skip(payload, slice.len);
	} while (payload.len > 0);
}

struct member_packer {
	struct libdeflate_compressor *c;
	struct member_zstd_packer *zstd; /* one of the two */
};

struct member_packer *member_packer_new(enum member_form form, int level)
{
	struct member_packer *p = mem_new(1, sizeof(*p));
	if (form == MEMBER_ZSTD) {
		p->zstd = member_zstd_packer_new(level);
		return p;
	}
	p->c = libdeflate_alloc_compressor(level);
	if (!p->c)
		mem_exhausted();
	return p;
}

void member_packer_free(struct member_packer *p)
{
	if (!p)
		return;
	libdeflate_free_compressor(p->c);
	member_zstd_packer_free(p->zstd);
	mem_free(p);
}

size_t member_bound(size_t raw_len)
{
	size_t gzip = MEMBER_HEAD + MEMBER_TAIL + libdeflate_deflate_compress_bound(NULL, raw_len);
	size_t zstd = member_zstd_bound(raw_len);
	return gzip > zstd ? gzip : zstd;
}

size_t member_pack(struct member_packer *p, const void *raw, size_t raw_len, unsigned char *out,
                   uint32_t *crc)
{
	*crc = member_crc32(raw, raw_len);
	if (p->zstd)
		return member_zstd_pack(p->zstd, raw, raw_len, out);
	size_t room = libdeflate_deflate_compress_bound(p->c, raw_len);
	size_t len = libdeflate_deflate_compress(p->c, raw, raw_len, out + MEMBER_HEAD, room);
	wire_put_u32(out + MEMBER_HEAD + len, *crc);
	wire_put_u32(out + MEMBER_HEAD + len + 4, (uint32_t)raw_len);
	len += MEMBER_HEAD + MEMBER_TAIL;
	put_header(out, 'S', 8);
	wire_put_u32(out + PAYLOAD_AT, (uint32_t)len);
	wire_put_u32(out + PAYLOAD_AT + 4, (uint32_t)raw_len);
	return len;
}

void member_deflate(struct member_packer *p, struct str raw, struct buf *out)
{
	size_t room = libdeflate_deflate_compress_bound(p->c, raw.len);
	char *at = buf_room(out, room);
	if (at)
		buf_grew(out, libdeflate_deflate_compress(p->c, raw.p, raw.len, at, room));
}

struct member_opener {
	struct libdeflate_decompressor *d;
	struct member_zstd_opener *zstd; /* made when needed */
};

struct member_opener *member_opener_new(void)
{
	struct member_opener *o = mem_new(1, sizeof(*o));
	o->d = libdeflate_alloc_decompressor();
	if (!o->d)
		mem_exhausted();
	return o;
}

void member_opener_free(struct member_opener *o)
{
	if (!o)
		return;
	libdeflate_free_decompressor(o->d);
	member_zstd_opener_free(o->zstd);
	mem_free(o);
}

int member_inflate(struct member_opener *o, struct str packed, void *raw, size_t raw_len,
                   struct err *e)
{
	size_t used;
	enum libdeflate_result r = libdeflate_deflate_decompress_ex(o->d, packed.p, packed.len, raw,
	                                                            raw_len, &used, NULL);
	if (r != LIBDEFLATE_SUCCESS)
		return err_set(e, ERR_KIND_DATA, "the compressed data is damaged");
	if (used != packed.len)
		return err_set(e, ERR_KIND_DATA, "the compressed data is shorter than it says");
	return 0;
}

static int unpack_zstd(struct member_opener *o, const unsigned char *p,
                       const struct member_head *head, unsigned char *raw, uint32_t *crc,
                       struct err *e)
{
	if (!o->zstd)
		o->zstd = member_zstd_opener_new();
	if (member_zstd_unpack(o->zstd, str_from(p, head->packed_len), raw, head->raw_len, e))
		return -1;
	*crc = member_crc32(raw, head->raw_len);
	return 0;
}

int member_unpack(struct member_opener *o, const unsigned char *p, const struct member_head *head,
                  unsigned char *raw, uint32_t *crc, struct err *e)
{
	if (head->form == MEMBER_ZSTD)
		return unpack_zstd(o, p, head, raw, crc, e);
	size_t body = head->packed_len - MEMBER_HEAD - MEMBER_TAIL;
	const unsigned char *tail = p + MEMBER_HEAD + body;
	if (member_inflate(o, str_from(p + MEMBER_HEAD, body), raw, head->raw_len, e))
		return -1;
	*crc = member_crc32(raw, head->raw_len);
	if (wire_u32(tail) != *crc || wire_u32(tail + 4) != head->raw_len)
		return err_set(e, ERR_KIND_DATA, "the checksum is wrong");
	return 0;
}

uint32_t member_crc32(const void *p, size_t len)
{
	return libdeflate_crc32(0, p, len);
}

uint32_t member_crc32_more(uint32_t crc, const void *p, size_t len)
{
	return libdeflate_crc32(crc, p, len);
}

void member_prepare(void)
{
	struct member_opener *o = member_opener_new();
	struct err none = ERR_INIT;
	char nothing[1];
	if (member_inflate(o, str_from(empty_body, 2), nothing, 0, &none) == 0)
		member_crc32(nothing, 0);
	member_opener_free(o);
}
