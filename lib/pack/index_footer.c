/* The last member of an archive: where the index is. */
#include <string.h>

#include "pack/index.h"
#include "pack/member.h"
#include "pack/wire.h"

static const char magic[8] = { 'w', 's', 'a', 'r', 'c', 'h', 'i', 'v' };

enum {
	AT_ROOT_OFF = 8,
	AT_ROOT_RAW = 16,
	AT_ROOT_CRC = 24,
	AT_VERSION = 28,
	AT_MAGIC = 32,
	AT_ZERO = 40,
	AT_CRC = 44,
};

void index_footer_format(const struct index_footer *f, enum member_form form, struct buf *out)
{
	unsigned char p[INDEX_FOOTER_PAYLOAD] = { 0 };
	wire_put_u64(p, f->index_off);
	wire_put_u64(p + AT_ROOT_OFF, f->root_off);
	wire_put_u64(p + AT_ROOT_RAW, f->root_raw_len);
	wire_put_u32(p + AT_ROOT_CRC, f->root_crc);
	wire_put_u32(p + AT_VERSION, INDEX_VERSION);
	memcpy(p + AT_MAGIC, magic, sizeof(magic));
	wire_put_u32(p + AT_CRC, member_crc32(p, AT_CRC));
	member_add_hidden(out, form, MEMBER_FOOTER, str_from(p, sizeof(p)));
}

int index_footer_parse(const unsigned char *p, size_t avail, uint64_t offset,
                       struct index_footer *f, struct err *e)
{
	struct member_head head = member_look(p, avail);
	if (head.kind != MEMBER_FOOTER)
		return 0;
	struct str payload = { NULL, 0 };
	if (head.packed_len <= avail)
		payload = member_payload(p, head.packed_len);
	const unsigned char *q = (const unsigned char *)payload.p;
	if (payload.len != INDEX_FOOTER_PAYLOAD ||
	    memcmp(q + AT_MAGIC, magic, sizeof(magic)) != 0 || wire_u32(q + AT_ZERO) != 0 ||
	    wire_u32(q + AT_CRC) != member_crc32(q, AT_CRC))
		return err_set(e, ERR_KIND_DATA, "the archive's footer is damaged");
	if (wire_u32(q + AT_VERSION) != INDEX_VERSION)
		return err_set(e, ERR_KIND_DATA,
		               "the archive's index is of version %u, this program knows %d",
		               (unsigned)wire_u32(q + AT_VERSION), INDEX_VERSION);
	*f = (struct index_footer){
		.index_off = wire_u64(q),
		.root_off = wire_u64(q + AT_ROOT_OFF),
		.root_raw_len = wire_u64(q + AT_ROOT_RAW),
		.root_crc = wire_u32(q + AT_ROOT_CRC),
		.offset = offset,
	};
	if (f->index_off > f->root_off || f->root_off >= offset)
		return err_set(e, ERR_KIND_DATA, "the archive's footer points outside the archive");
	return 1;
}
