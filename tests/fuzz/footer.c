/* The last member of an archive: what is taken is written again as the same bytes, and points into the archive. */
#include <string.h>

#include "pack/index.h"
#include "pack/member.h"
#include "pack/wire.h"
#include "tests/fuzz/fuzz.h"

enum { PAYLOAD_AT = 16, CRC_AT = 44, SIZE_BYTES = 8 };

static void check(const unsigned char *footer, uint64_t size_bytes)
{
	struct index_footer f;
	struct err e = ERR_INIT;
	BUF_AUTO again = buf_make(INDEX_FOOTER_LEN);
	if (index_footer_parse(footer, size_bytes, &f, &e) <= 0)
		return;
	assert(f.index_off <= f.root_off && f.root_off < size_bytes - INDEX_FOOTER_LEN);
	index_footer_format(&f, &again);
	assert(again.len == INDEX_FOOTER_LEN && memcmp(again.p, footer, again.len) == 0);
}

/* Eight bytes for the archive's size, then the member; once as it is, once with a checksum that fits. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char footer[INDEX_FOOTER_LEN];
	if (size < SIZE_BYTES + sizeof(footer))
		return 0;
	uint64_t size_bytes = wire_u64(data);
	if (size_bytes < INDEX_FOOTER_LEN)
		return 0;
	memcpy(footer, data + SIZE_BYTES, sizeof(footer));
	check(footer, size_bytes);
	wire_put_u32(footer + PAYLOAD_AT + CRC_AT, member_crc32(footer + PAYLOAD_AT, CRC_AT));
	check(footer, size_bytes);
	return 0;
}
