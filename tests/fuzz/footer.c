/* The last member of an archive: what is taken is written again as the same bytes, and points into the archive. */
#include <string.h>

#include "pack/index.h"
#include "pack/member.h"
#include "pack/wire.h"
#include "tests/fuzz/fuzz.h"

enum { OFFSET_BYTES = 8, FOOTER_MAX = 128, CRC_AT = 44 };

static void check(const unsigned char *footer, size_t len, uint64_t offset)
{
	struct index_footer f;
	struct err e = ERR_INIT;
	BUF_AUTO again = buf_make(FOOTER_MAX);
	if (index_footer_parse(footer, len, offset, &f, &e) <= 0)
		return;
	assert(f.index_off <= f.root_off && f.root_off < offset);
	index_footer_format(&f, member_look(footer, len).form, &again);
	assert(again.len <= len && memcmp(again.p, footer, again.len) == 0);
}

/* Eight bytes for where it lies, then the member; once as it is, once with a checksum that fits. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char footer[FOOTER_MAX];
	if (size < OFFSET_BYTES)
		return 0;
	size_t len = size - OFFSET_BYTES;
	if (len > sizeof(footer))
		len = sizeof(footer);
	memcpy(footer, data + OFFSET_BYTES, len);
	check(footer, len, wire_u64(data));
	struct member_head head = member_look(footer, len);
	if (head.kind != MEMBER_FOOTER || head.packed_len > len)
		return 0;
	struct str payload = member_payload(footer, head.packed_len);
	if (payload.len != INDEX_FOOTER_PAYLOAD)
		return 0;
	unsigned char *p = footer + (payload.p - (const char *)footer);
	wire_put_u32(p + CRC_AT, member_crc32(p, CRC_AT));
	check(footer, len, wire_u64(data));
	return 0;
}
