/* Entries and members to blocks, blocks to a root. What is kept for each entry is its share of a packed block. */
#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "pack/index.h"
#include "pack/index_wire.h"
#include "pack/member.h"
#include "pack/names.h"
#include "pack/wire.h"

enum {
	/* One file out of an archive costs the tail and one block, 100 KB together: with one more group (PRESS_ENTRIES)
	 * some 760 entries, of 32 bytes and what is left of their names. */
	BLOCK_ENTRIES = 256,
	BLOCK_MEMBERS = 1024,
	BLOCK_TEXT = 48 * 1024,
	LEVEL = 9,
	STORED_MAX = 1 << 30,
	KEPT = 4 << 20, /* of blocks; more is spilled */
};

struct index_build {
	enum member_form form;
	struct member_packer *packer;
	/* The block that grows: */
	struct buf entries, hashes, members, path, first_path;
	struct index_wire_block block;
	uint64_t lead;
	int64_t mtime_s;
	bool hash_missing;
	uint64_t pos; /* of the next header in the tar */
	/* All blocks before it: */
	struct buf stored, root, root_path;
	size_t blocks;
	struct buf runs; /* of blocks that were spilled: how many in each */
	size_t run_count, run_blocks;
	uint64_t spilled;
	bool taken; /* stored was given away */
	struct index_totals totals;
	struct buf highest, bound; /* path so far; and in the members that are complete */
	bool bounded;              /* there is such a path */
	bool mixed;                /* members do not ascend */
};

enum { BUFS = 11 };
static void list_bufs(struct index_build *b, struct buf *all[BUFS])
{
	struct buf *list[BUFS] = { &b->entries,    &b->hashes, &b->members, &b->path,
		                   &b->first_path, &b->stored, &b->root,    &b->root_path,
		                   &b->highest,    &b->bound,  &b->runs };
	memcpy(all, list, sizeof(list));
}

struct index_build *index_build_new(enum member_form form)
{
	struct index_build *b = mem_new(1, sizeof(*b));
	struct buf *all[BUFS];
	list_bufs(b, all);
	for (size_t i = 0; i < BUFS; i++)
		*all[i] = buf_make(STORED_MAX);
	b->form = form;
	b->packer = member_packer_new(MEMBER_GZIP, LEVEL);
	return b;
}

void index_build_free(struct index_build *b)
{
	if (!b)
		return;
	struct buf *all[BUFS];
	list_bufs(b, all);
	for (size_t i = 0; i < BUFS; i++)
		buf_free(all[i]);
	member_packer_free(b->packer);
	mem_free(b);
}

/* The path as what it shares with the one before and what is new. */
static void add_path(struct buf *out, struct buf *before, struct str path)
{
	size_t shared = 0;
	while (shared < before->len && shared < path.len && before->p[shared] == path.p[shared])
		shared++;
	wire_add_varint(out, shared);
	wire_add_varint(out, path.len - shared);
	buf_add_str(out, str_skip(path, shared));
	buf_truncate(before, shared);
	buf_add_str(before, str_skip(path, shared));
}

static void begin_block(struct index_build *b)
{
	b->lead = b->pos - b->totals.raw_bytes + b->block.raw_bytes;
	b->mtime_s = 0;
	buf_clear(&b->path);
}

static void keep_path(struct buf *out, struct str path)
{
	buf_clear(out);
	buf_add_str(out, path);
}

/* An entry is counted, and a block is known by the path of its first one. */
static void count(struct index_build *b, struct str path)
{
	bool first = b->totals.entries++ == 0, first_of_block = b->block.entries++ == 0;
	b->mixed |= b->bounded && names_cmp(buf_str(&b->bound), path) >= 0;
	b->mixed |= !first_of_block && names_cmp(buf_str(&b->first_path), path) >= 0;
	if (first_of_block)
		keep_path(&b->first_path, path);
	if (first || names_cmp(buf_str(&b->highest), path) < 0)
		keep_path(&b->highest, path);
}

void index_build_entry(struct index_build *b, const struct tar_head *head,
                       const unsigned char *sha256)
{
	static const unsigned char no_hash[INDEX_SHA256];
	const struct entry *entry = &head->entry;
	bool sparse = entry->extents != NULL;
	struct buf *out = &b->entries;
	if (out->len == 0)
		begin_block(b);
	if (!entry->again)
		count(b, entry->path);
	buf_add_char(out, (char)(entry->type | (sparse ? INDEX_WIRE_SPARSE : 0) |
	                         (entry->again ? INDEX_WIRE_AGAIN : 0)));
	add_path(out, &b->path, entry->path);
	wire_add_varint(out, entry->mode);
	wire_add_varint(out, entry->uid);
	wire_add_varint(out, entry->gid);
	wire_add_signed(out, entry->mtime_s - b->mtime_s);
	wire_add_varint(out, entry->mtime_ns);
	wire_add_varint(out, head->head_bytes / TAR_BLOCK);
	b->mtime_s = entry->mtime_s;
	if (entry->type == ENTRY_TYPE_FILE) {
		wire_add_varint(out, entry->size_bytes);
		if (sparse)
			wire_add_varint(out, head->stored_bytes);
		buf_add(&b->hashes, sha256 ? sha256 : no_hash, INDEX_SHA256);
		b->hash_missing = !sha256;
		b->totals.content_bytes += entry->size_bytes;
	} else {
		wire_add_varint(out, entry->link.len);
		buf_add_str(out, entry->link);
	}
	b->pos += head->head_bytes + tar_padded(head->stored_bytes);
}

void index_build_hash(struct index_build *b, const unsigned char sha256[INDEX_SHA256])
{
	assert(b->hash_missing && b->hashes.len >= INDEX_SHA256);
	buf_truncate(&b->hashes, b->hashes.len - INDEX_SHA256);
	buf_add(&b->hashes, sha256, INDEX_SHA256);
	b->hash_missing = false;
}

static void forget_taken(struct index_build *b)
{
	if (!b->taken)
		return;
	b->spilled += b->stored.len;
	buf_clear(&b->stored);
	b->taken = false;
}

static void end_block(struct index_build *b)
{
	forget_taken(b);
	BUF_AUTO raw = buf_make(INDEX_PIECE_MAX);
	BUF_AUTO packed = buf_make(STORED_MAX);
	size_t before = b->stored.len;
	wire_add_varint(&raw, b->hashes.len / INDEX_SHA256);
	wire_add_varint(&raw, b->entries.len > 0 ? b->lead : 0);
	buf_add_str(&raw, buf_str(&b->members));
	buf_add_str(&raw, buf_str(&b->entries));
	buf_add_str(&raw, buf_str(&b->hashes));
	member_deflate(b->packer, buf_str(&raw), &packed);
	member_add_hidden(&b->stored, b->form, MEMBER_INDEX, buf_str(&packed));
	b->stored.too_large |= raw.too_large || packed.too_large;

	b->block.stored_len = b->stored.len - before;
	b->block.raw_len = raw.len;
	b->block.crc = member_crc32(raw.p, raw.len);
	index_wire_add_block(&b->root, &b->block);
	add_path(&b->root, &b->root_path, buf_str(&b->first_path));
	b->block = (struct index_wire_block){ .members = 0 };
	buf_clear(&b->first_path);
	buf_clear(&b->entries);
	buf_clear(&b->hashes);
	buf_clear(&b->members);
	b->blocks++;
	b->run_blocks++;
}

void index_build_member(struct index_build *b, uint64_t packed_len, uint64_t raw_len, uint32_t crc)
{
	wire_add_varint(&b->members, packed_len);
	wire_add_varint(&b->members, raw_len);
	wire_add_u32(&b->members, crc);
	if (b->totals.entries > 0)
		keep_path(&b->bound, buf_str(&b->highest));
	b->bounded = b->totals.entries > 0;
	b->block.members++;
	b->block.packed_bytes += packed_len;
	b->block.raw_bytes += raw_len;
	b->totals.members++;
	b->totals.packed_bytes += packed_len;
	b->totals.raw_bytes += raw_len;
	bool full = b->block.entries >= BLOCK_ENTRIES || b->block.members >= BLOCK_MEMBERS ||
	            b->entries.len >= BLOCK_TEXT;
	if (full && !b->hash_missing)
		end_block(b);
}

struct str index_build_spill(struct index_build *b)
{
	forget_taken(b);
	if (b->block.members > 0 || b->stored.len < KEPT)
		return (struct str){ "", 0 };
	wire_add_varint(&b->runs, b->run_blocks);
	b->run_count++;
	b->run_blocks = 0;
	b->taken = true;
	return buf_str(&b->stored);
}

static void make_root(const struct index_build *b, struct buf *raw)
{
	unsigned flags = b->mixed ? 0 : INDEX_WIRE_ASCENDS;
	index_wire_add_totals(raw, &b->totals, flags | (b->run_count ? INDEX_WIRE_RUNS : 0),
	                      b->blocks);
	if (b->run_count)
		wire_add_varint(raw, b->run_count);
	buf_add_str(raw, buf_str(&b->runs));
	buf_add_str(raw, buf_str(&b->root));
}

int index_build_finish(struct index_build *b, struct str *out, struct err *e)
{
	forget_taken(b);
	BUF_AUTO raw = buf_make(INDEX_PIECE_MAX);
	BUF_AUTO packed = buf_make(STORED_MAX);
	assert(!b->hash_missing);
	if (b->block.members > 0)
		end_block(b);
	make_root(b, &raw);
	member_deflate(b->packer, buf_str(&raw), &packed);
	bool large = b->stored.too_large || b->root.too_large || raw.too_large || packed.too_large;
	if (large)
		return err_set(e, ERR_KIND_DATA, "the index is larger than what is read again");
	struct index_footer footer = {
		.index_off = b->totals.packed_bytes + b->spilled,
		.root_off = b->totals.packed_bytes + b->spilled + b->stored.len,
		.root_raw_len = raw.len,
		.root_crc = member_crc32(raw.p, raw.len),
	};
	member_add_hidden(&b->stored, b->form, MEMBER_INDEX, buf_str(&packed));
	index_footer_format(&footer, b->form, &b->stored);
	*out = buf_str(&b->stored);
	return buf_check(&b->stored, e, "the index");
}
