/* An index whose checksums are right, whatever it says. Sixteen bytes are added to the numbers of the root, one to each; two are the
 * length of the block, which follows; the rest is the tar. */
#include "pack/index.h"
#include "base/io.h"
#include "pack/index_wire.h"
#include "pack/member.h"
#include "tests/fuzz/fuzz.h"

enum { NUMBERS = 16, BYTES_MAX = 4 << 20 };

static void add_root(const signed char *delta, struct index_wire_block *b, struct index_totals *t,
                     struct buf *out)
{
	uint64_t *const numbers[NUMBERS] = {
		&t->entries,   &t->content_bytes, &t->raw_bytes, &t->packed_bytes,
		&t->members,   &b->members,       &b->entries,   &b->packed_bytes,
		&b->raw_bytes, &b->stored_len,    &b->raw_len,
	};
	for (size_t i = 0; i < NUMBERS && numbers[i]; i++)
		*numbers[i] += (uint64_t)(int64_t)delta[i];
	unsigned flags = delta[NUMBERS - 1] & (INDEX_WIRE_ASCENDS | INDEX_WIRE_RUNS);
	index_wire_add_totals(out, t, flags, 1);
	for (size_t i = NUMBERS - 3; flags & INDEX_WIRE_RUNS && i < NUMBERS - 1; i++)
		wire_add_varint(out, (unsigned char)delta[i]);
	index_wire_add_block(out, b);
	wire_add_varint(out, 0);
	wire_add_varint(out, 1);
	buf_add_char(out, 'a');
}

/* The tar in place of members, which an index does not look at; block, root and footer. */
static void build(const signed char *delta, struct str block, struct str tar, struct buf *out)
{
	struct member_packer *packer = member_packer_new(MEMBER_GZIP, 1);
	BUF_AUTO packed = buf_make(BYTES_MAX);
	BUF_AUTO root = buf_make(BYTES_MAX);
	buf_add_str(out, tar);
	size_t data_end = out->len;
	member_deflate(packer, block, &packed);
	member_add_hidden(out, MEMBER_GZIP, MEMBER_INDEX, buf_str(&packed));
	struct index_wire_block b = {
		.members = 1,
		.entries = 1,
		.packed_bytes = data_end,
		.raw_bytes = tar.len,
		.stored_len = out->len - data_end,
		.raw_len = block.len,
		.crc = member_crc32(block.p, block.len),
	};
	struct index_totals t = { .entries = 1,
		                  .content_bytes = 0,
		                  .raw_bytes = tar.len,
		                  .packed_bytes = data_end,
		                  .members = 1 };
	struct index_footer footer = { .index_off = data_end, .root_off = out->len };
	add_root(delta, &b, &t, &root);
	buf_clear(&packed);
	member_deflate(packer, buf_str(&root), &packed);
	member_add_hidden(out, MEMBER_GZIP, MEMBER_INDEX, buf_str(&packed));
	footer.root_raw_len = root.len;
	footer.root_crc = member_crc32(root.p, root.len);
	index_footer_format(&footer, MEMBER_GZIP, out);
	member_packer_free(packer);
}

static void pass(struct index *ix)
{
	struct index_cursor *c = index_cursor_new(ix);
	struct index_item item;
	struct index_member member;
	struct err e = ERR_INIT;
	uint64_t entries = 0, end = 0;
	int rc;
	while ((rc = index_cursor_next(c, &item, &e)) > 0) {
		entries++;
		assert(item.raw_offset >= end);
		end = item.raw_offset + item.head.head_bytes + item.head.stored_bytes;
		assert(end <= index_totals(ix)->raw_bytes);
	}
	assert(rc < 0 ? err_is(&e) : entries == index_totals(ix)->entries);
	err_clear(&e);
	rc = index_cursor_find(c, S("b"), &member, &item, &e);
	assert(rc <= 0 || str_is(item.head.entry.path, "b"));
	index_cursor_free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct limits limits = limits_default();
	struct index *ix = NULL;
	struct err e = ERR_INIT;
	struct str in = str_skip(str_from(data, size), NUMBERS);
	size_t len = fuzz_byte(&in);
	len |= (size_t)fuzz_byte(&in) << 8;
	struct str block = str_head(in, len), tar = str_skip(in, len);
	if (tar.len == 0 || tar.len > MEMBER_RAW_MAX || block.len == 0)
		return 0;
	BUF_AUTO archive = buf_make(BYTES_MAX);
	limits.max_index_bytes = BYTES_MAX;
	build((const signed char *)data, block, tar, &archive);
	if (buf_check(&archive, &e, "the archive"))
		return 0;
	SOURCE_AUTO source = source_from_memory(archive.p, archive.len);
	int found = index_open(source, &limits, &ix, &e);
	assert(found != 0);
	if (found > 0)
		pass(ix);
	index_close(ix);
	return 0;
}
