/* Frames. Their compressed length is in no header: it is found by going from block to block. */
#include "pack/member_zstd.h"

#include <string.h>
#include <zstd.h>

#include "base/mem.h"
#include "pack/wire.h"

enum {
	FRAME_MAGIC_LEN = 4,
	SKIP_HEAD = 8, /* magic and length of a skippable frame */
	TAG_LEN = 4,
	CHECKSUM_LEN = 4,
	BLOCK_HEAD = 3,
	BLOCK_RLE = 1,
	BLOCK_RESERVED = 3,
	SEEK_FOOTER = 9,
	/* From this level on zstd wants tables of 48 MiB: with these, of 3 MiB, files become hardly larger. */
	SLOW_FROM = 5,
	TABLE_LOG = 19,
};

static const uint32_t magic_frame = 0xfd2fb528, magic_hidden = 0x184d2a57,
		      magic_seek_table = 0x184d2a5e, magic_seekable = 0x8f92eab1;

/* What a frame header says (RFC 8878 §3.1.1.1) of a frame as we make them: content size and checksum, no dictionary.
 * Returns the header's length and *raw_len, or 0. */
static size_t frame_header(const unsigned char *p, uint64_t *raw_len)
{
	unsigned descriptor = p[FRAME_MAGIC_LEN];
	unsigned size_code = descriptor >> 6;
	bool single = descriptor & 0x20, checksum = descriptor & 4;
	if (!checksum || descriptor & 0x1b)
		return 0;
	const unsigned char *at = p + FRAME_MAGIC_LEN + 1 + !single;
	if (size_code == 0 && !single)
		return 0;
	static const unsigned lengths[] = { 1, 2, 4, 8 };
	*raw_len = size_code == 0   ? at[0]
	           : size_code == 1 ? (at[0] | (unsigned)at[1] << 8) + 256U
	           : size_code == 2 ? wire_u32(at)
	                            : wire_u64(at);
	return (size_t)(at - p) + lengths[size_code];
}

static struct member_head foreign(void)
{
	return (struct member_head){ .kind = MEMBER_FOREIGN, .form = MEMBER_ZSTD };
}

static struct member_head more(size_t want)
{
	return (struct member_head){ .kind = MEMBER_MORE, .form = MEMBER_ZSTD, .packed_len = want };
}

static struct member_head look_frame(const unsigned char *p, size_t avail)
{
	uint64_t raw_len = 0;
	size_t at = frame_header(p, &raw_len);
	if (at == 0 || raw_len == 0 || raw_len > MEMBER_RAW_MAX)
		return foreign();
	size_t max = member_zstd_bound((size_t)raw_len);
	for (bool last = false; !last;) {
		if (avail < at + BLOCK_HEAD)
			return more(at + BLOCK_HEAD);
		uint32_t head =
			(uint32_t)p[at] | (uint32_t)p[at + 1] << 8 | (uint32_t)p[at + 2] << 16;
		unsigned type = head >> 1 & 3;
		last = head & 1;
		at += BLOCK_HEAD + (type == BLOCK_RLE ? 1 : head >> 3);
		if (type == BLOCK_RESERVED || at > max)
			return foreign();
	}
	at += CHECKSUM_LEN;
	return (struct member_head){ MEMBER_DATA, MEMBER_ZSTD, at, (size_t)raw_len };
}

static struct member_head look_hidden(const unsigned char *p)
{
	struct member_head head = { .form = MEMBER_ZSTD };
	uint32_t len = wire_u32(p + FRAME_MAGIC_LEN);
	head.packed_len = SKIP_HEAD + (size_t)len;
	if (len < TAG_LEN || len > MEMBER_PAYLOAD_MAX + TAG_LEN)
		return foreign();
	if (memcmp(p + SKIP_HEAD, "WI\0\0", TAG_LEN) == 0)
		head.kind = MEMBER_INDEX;
	if (memcmp(p + SKIP_HEAD, "WF\0\0", TAG_LEN) == 0)
		head.kind = MEMBER_FOOTER;
	return head;
}

struct member_head member_zstd_look(const unsigned char *p, size_t avail)
{
	if (avail < MEMBER_ZSTD_HIDDEN_EXTRA)
		return foreign();
	uint32_t magic = wire_u32(p);
	if (magic == magic_hidden)
		return look_hidden(p);
	/* The shortest frame around the shortest tar is longer than the longest header. */
	if (magic == magic_frame && avail >= MEMBER_HEAD)
		return look_frame(p, avail);
	return foreign();
}

struct str member_zstd_payload(const unsigned char *p, size_t packed_len)
{
	struct member_head head = member_zstd_look(p, packed_len);
	bool hidden = head.kind == MEMBER_INDEX || head.kind == MEMBER_FOOTER;
	if (!hidden || head.packed_len != packed_len)
		return (struct str){ "", 0 };
	return str_from(p + MEMBER_ZSTD_HIDDEN_EXTRA, packed_len - MEMBER_ZSTD_HIDDEN_EXTRA);
}

void member_zstd_add_hidden(struct buf *out, enum member_kind kind, struct str payload)
{
	do {
		struct str slice = str_head(payload, MEMBER_PAYLOAD_MAX);
		wire_add_u32(out, magic_hidden);
		wire_add_u32(out, (uint32_t)slice.len + TAG_LEN);
		buf_add(out, kind == MEMBER_FOOTER ? "WF\0\0" : "WI\0\0", TAG_LEN);
		buf_add_str(out, slice);
		payload = str_skip(payload, slice.len);
	} while (payload.len > 0);
}

struct member_zstd_packer {
	ZSTD_CCtx *c;
};

/* Checked here once: a parameter that zstd refuses is a bug of ours. */
static void set(ZSTD_CCtx *c, ZSTD_cParameter what, int value)
{
	if (ZSTD_isError(ZSTD_CCtx_setParameter(c, what, value)))
		mem_exhausted();
}

struct member_zstd_packer *member_zstd_packer_new(int level)
{
	struct member_zstd_packer *p = mem_new(1, sizeof(*p));
	p->c = ZSTD_createCCtx();
	if (!p->c)
		mem_exhausted();
	set(p->c, ZSTD_c_compressionLevel, level);
	set(p->c, ZSTD_c_checksumFlag, 1);
	if (level >= SLOW_FROM) {
		set(p->c, ZSTD_c_hashLog, TABLE_LOG);
		set(p->c, ZSTD_c_chainLog, TABLE_LOG);
	}
	return p;
}

void member_zstd_packer_free(struct member_zstd_packer *p)
{
	if (p)
		ZSTD_freeCCtx(p->c);
	mem_free(p);
}

size_t member_zstd_bound(size_t raw_len)
{
	return ZSTD_compressBound(raw_len) + CHECKSUM_LEN;
}

size_t member_zstd_pack(struct member_zstd_packer *p, const void *raw, size_t raw_len,
                        unsigned char *out)
{
	size_t len = ZSTD_compress2(p->c, out, member_zstd_bound(raw_len), raw, raw_len);
	if (ZSTD_isError(len))
		mem_exhausted();
	return len;
}

struct member_zstd_opener {
	ZSTD_DCtx *d;
};

struct member_zstd_opener *member_zstd_opener_new(void)
{
	struct member_zstd_opener *o = mem_new(1, sizeof(*o));
	o->d = ZSTD_createDCtx();
	if (!o->d)
		mem_exhausted();
	return o;
}

void member_zstd_opener_free(struct member_zstd_opener *o)
{
	if (o)
		ZSTD_freeDCtx(o->d);
	mem_free(o);
}

int member_zstd_unpack(struct member_zstd_opener *o, struct str packed, void *raw, size_t raw_len,
                       struct err *e)
{
	size_t got = ZSTD_decompressDCtx(o->d, raw, raw_len, packed.p, packed.len);
	if (ZSTD_isError(got))
		return err_set(e, ERR_KIND_DATA, "the compressed data is damaged: %s",
		               ZSTD_getErrorName(got));
	if (got != raw_len)
		return err_set(e, ERR_KIND_DATA, "the compressed data is shorter than it says");
	return 0;
}

void member_zstd_seek_add(struct buf *entries, const struct member_head *head)
{
	wire_add_u32(entries, (uint32_t)head->packed_len);
	wire_add_u32(entries, (uint32_t)head->raw_len);
}

void member_zstd_seek_format(const struct buf *entries, struct buf *out)
{
	wire_add_u32(out, magic_seek_table);
	wire_add_u32(out, (uint32_t)entries->len + SEEK_FOOTER);
	buf_add(out, entries->p, entries->len);
	wire_add_u32(out, (uint32_t)(entries->len / MEMBER_ZSTD_SEEK_ENTRY));
	buf_add_char(out, 0); /* no checksums in the entries: the frames have theirs */
	wire_add_u32(out, magic_seekable);
}

uint64_t member_zstd_seek_len(const unsigned char *end)
{
	if (end[4] != 0 || wire_u32(end + 5) != magic_seekable)
		return 0;
	return (uint64_t)wire_u32(end) * MEMBER_ZSTD_SEEK_ENTRY + MEMBER_ZSTD_SEEK_EXTRA;
}
