/* gzip members of one form only. */
#include "pack/member.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "pack/wire.h"
#include "tap.h"

static void fill(unsigned char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		p[i] = (unsigned char)(i * i >> 5 ^ i);
}

static void test_round_trip(void)
{
	static const size_t sizes[] = { 1, 2, 511, 65536, 1 << 20, 4 << 20, MEMBER_RAW_MAX };
	struct member_opener *opener = member_opener_new();
	for (int level = -3; level <= 12; level += 4) {
		enum member_form form = level < 0 ? MEMBER_ZSTD : MEMBER_GZIP;
		struct member_packer *packer = member_packer_new(form, abs(level));
		for (size_t i = 0; i < COUNTOF(sizes); i++) {
			struct err e = ERR_INIT;
			size_t len = sizes[i];
			/* A tar is never so short that a frame around it is shorter than a header. */
			if (form == MEMBER_ZSTD && len < MEMBER_HEAD)
				continue;
			MEM_AUTO unsigned char *raw = mem_new(len, 1), *back = mem_new(len, 1);
			MEM_AUTO unsigned char *packed = mem_new(member_bound(len), 1);
			uint32_t crc, got = 0;
			fill(raw, len);
			size_t packed_len = member_pack(packer, raw, len, packed, &crc);
			struct member_head head = member_look(packed, packed_len);
			bool ok = head.kind == MEMBER_DATA && head.form == form &&
			          head.packed_len == packed_len && head.raw_len == len &&
			          member_unpack(opener, packed, &head, back, &got, &e) == 0 &&
			          got == crc && memcmp(raw, back, len) == 0;
			TAP_OK(ok, "%zu bytes come back at level %d (%s)", len, abs(level),
			       form == MEMBER_ZSTD ? "zstd" : "gzip");
		}
		member_packer_free(packer);
	}
	member_opener_free(opener);
}

/* Whatever single bit is wrong, the member is foreign or refused. */
static void test_every_bit(enum member_form form)
{
	unsigned char raw[600], back[4096];
	struct member_packer *packer = member_packer_new(form, 3);
	struct member_opener *opener = member_opener_new();
	MEM_AUTO unsigned char *packed = mem_new(member_bound(sizeof(raw)), 1);
	uint32_t crc;
	unsigned missed = 0;
	fill(raw, sizeof(raw));
	size_t len = member_pack(packer, raw, sizeof(raw), packed, &crc);
	for (size_t bit = 0; bit < len * 8; bit++) {
		struct err e = ERR_INIT;
		packed[bit / 8] ^= (unsigned char)(1 << bit % 8);
		struct member_head head = member_look(packed, len);
		bool readable = head.kind == MEMBER_DATA && head.packed_len == len &&
		                head.raw_len <= sizeof(back);
		/* What is left over behind the end of a deflate stream within its last byte carries nothing. */
		if (readable && member_unpack(opener, packed, &head, back, &crc, &e) == 0 &&
		    memcmp(raw, back, sizeof(raw)) != 0)
			missed++;
		packed[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
	TAP_OK(missed == 0, "no flipped bit gives other bytes (%zu bits)", len * 8);
	member_packer_free(packer);
	member_opener_free(opener);
}

/* However little of a frame is there, it is told how much tells more, and never past its end. */
static void test_frame_is_found_at_every_cut(void)
{
	enum { LEN = 300000 };
	MEM_AUTO unsigned char *raw = mem_new(LEN, 1), *packed = mem_new(member_bound(LEN), 1);
	struct member_packer *packer = member_packer_new(MEMBER_ZSTD, 1);
	uint32_t crc;
	unsigned wrong = 0;
	fill(raw, LEN);
	size_t len = member_pack(packer, raw, LEN, packed, &crc);
	for (size_t cut = MEMBER_HEAD; cut < len; cut++) {
		MEM_AUTO unsigned char *part = mem_new(cut, 1);
		memcpy(part, packed, cut);
		struct member_head head = member_look(part, cut);
		bool whole = head.kind == MEMBER_DATA && head.packed_len == len;
		bool more =
			head.kind == MEMBER_MORE && head.packed_len > cut && head.packed_len <= len;
		wrong += !whole && !more;
	}
	TAP_OK(wrong == 0, "a frame's length is found at every cut (%zu bytes)", len);
	member_packer_free(packer);
}

static void test_hidden(enum member_form form)
{
	static const size_t sizes[] = { 1, 48, 64999, 65000, 65001, 200000 };
	for (size_t i = 0; i < COUNTOF(sizes); i++) {
		MEM_AUTO unsigned char *payload = mem_new(sizes[i], 1);
		BUF_AUTO out = buf_make(1 << 20), joined = buf_make(1 << 20);
		size_t at = 0, count = 0;
		fill(payload, sizes[i]);
		member_add_hidden(&out, form, MEMBER_INDEX, str_from(payload, sizes[i]));
		while (at < out.len) {
			const unsigned char *p = (const unsigned char *)out.p + at;
			struct member_head head = member_look(p, out.len - at);
			if (head.kind != MEMBER_INDEX || head.packed_len > out.len - at)
				break;
			buf_add_str(&joined, member_payload(p, head.packed_len));
			at += head.packed_len;
			count++;
		}
		TAP_OK(at == out.len && str_eq(buf_str(&joined), str_from(payload, sizes[i])),
		       "%zu hidden bytes come back from %zu members", sizes[i], count);
	}
	if (form == MEMBER_ZSTD)
		return;
	BUF_AUTO out = buf_make(4096);
	member_add_hidden(&out, form, MEMBER_FOOTER, S("123456789"));
	unsigned missed = 0;
	for (size_t bit = 0; bit < out.len * 8; bit++) {
		out.p[bit / 8] = (char)(out.p[bit / 8] ^ 1 << bit % 8);
		struct str got = member_payload((const unsigned char *)out.p, out.len);
		bool in_payload = bit / 8 >= 16 && bit / 8 < 25;
		struct member_head head = member_look((const unsigned char *)out.p, out.len);
		missed += got.len > 0 && !in_payload && head.kind == MEMBER_FOOTER;
		out.p[bit / 8] = (char)(out.p[bit / 8] ^ 1 << bit % 8);
	}
	TAP_OK(missed == 0, "outside its payload a hidden member has no free bit");
}

static void test_foreign(void)
{
	static const unsigned char plain[MEMBER_HEAD] = { 0x1f, 0x8b, 8, 0 };
	TAP_OK(member_look(plain, sizeof(plain)).kind == MEMBER_FOREIGN,
	       "a plain gzip member is foreign");
	TAP_OK(member_look(plain, 3).kind == MEMBER_FOREIGN, "and so is what is cut off");
}

static void test_wire(void)
{
	static const uint64_t values[] = { 0, 1, 127, 128, 16383, 16384, UINT32_MAX, UINT64_MAX };
	BUF_AUTO out = buf_make(4096);
	for (size_t i = 0; i < COUNTOF(values); i++) {
		wire_add_varint(&out, values[i]);
		wire_add_signed(&out, (int64_t)values[i]);
	}
	wire_add_signed(&out, INT64_MIN);
	struct wire w = wire_open(buf_str(&out));
	bool ok = true;
	for (size_t i = 0; i < COUNTOF(values); i++) {
		ok &= wire_read_varint(&w) == values[i];
		ok &= wire_read_signed(&w) == (int64_t)values[i];
	}
	TAP_OK(ok && wire_read_signed(&w) == INT64_MIN && !w.bad && w.p == w.end,
	       "numbers come back");
	wire_read_varint(&w);
	TAP_OK(w.bad, "beyond the end is noticed");
	static const char *const odd[] = { "\x80", "\x80\x00",
		                           "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02",
		                           "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01" };
	static const size_t lens[] = { 1, 2, 10, 11 };
	for (size_t i = 0; i < COUNTOF(odd); i++) {
		w = wire_open(str_from(odd[i], lens[i]));
		wire_read_varint(&w);
		TAP_OK(w.bad, "a number that is cut, padded or too large is refused (%zu)", i);
	}
}

int main(void)
{
	test_round_trip();
	test_every_bit(MEMBER_GZIP);
	test_every_bit(MEMBER_ZSTD);
	test_frame_is_found_at_every_cut();
	test_hidden(MEMBER_GZIP);
	test_hidden(MEMBER_ZSTD);
	test_foreign();
	test_wire();
	return tap_done();
}
