/* One pass over members and entries. Whatever the caller finds in the archive has to be what comes next here. */
#include "base/mem.h"
#include "pack/index.h"
#include "pack/index_parts.h"
#include "pack/names.h"

enum { AHEAD = 4 << 20 };

struct index_cursor {
	struct index *ix;
	size_t next_block;
	uint64_t pos; /* of the next header in the tar */
	/* The block at hand: */
	struct buf raw;
	struct wire members, entries;
	const unsigned char *hash;
	uint64_t members_left, entries_left,
		files_left;           /* entries_left: without what comes again */
	uint64_t raw_end, packed_end; /* of its members */
	bool first;                   /* the next entry is its first */
	struct buf path;
	struct buf highest, bound; /* path so far; and in the members before the one at hand */
	bool bounded;              /* there is such a path */
	int64_t mtime_s;
	bool whole; /* every entry so far was seen */
	uint64_t content_bytes;
	uint64_t seen; /* entries */
	uint64_t dirs; /* and directories, less what came again */
	/* The member at hand: */
	struct index_member member;
	uint64_t member_end; /* in the tar */
	/* Given again after index_cursor_find: */
	bool again_member, again_item;
	struct index_item item;
};

/* Whether the block at hand tells of more headers. */
static bool has_more(const struct index_cursor *c)
{
	return c->entries.p < c->entries.end;
}

static int damaged(struct err *e, const char *what)
{
	return err_set(e, ERR_KIND_DATA, "the archive's index is damaged: %s", what);
}

static void keep_path(struct buf *out, struct str path)
{
	buf_clear(out);
	buf_add_str(out, path);
}

struct index_cursor *index_cursor_new(struct index *ix)
{
	struct index_cursor *c = mem_new(1, sizeof(*c));
	c->ix = ix;
	c->raw = buf_make((size_t)ix->limits.max_index_bytes);
	c->path = c->highest = c->bound = buf_make((size_t)ix->limits.max_name_bytes);
	c->whole = true;
	return c;
}

void index_cursor_free(struct index_cursor *c)
{
	if (!c)
		return;
	buf_free(&c->raw);
	buf_free(&c->path);
	buf_free(&c->highest);
	buf_free(&c->bound);
	mem_free(c);
}

bool index_cursor_ascends(const struct index_cursor *c)
{
	return index_ascends(c->ix);
}

/* Take block `number`. `jump`: not from the block before, so its own word is taken for where its entries begin. */
static int load(struct index_cursor *c, size_t number, uint64_t ahead, bool jump, struct err *e)
{
	const struct index_block *b = &c->ix->blocks[number];
	const struct index_wire_block *w = &b->wire;
	if (ahead > b->run_end - b->stored_off)
		ahead = b->run_end - b->stored_off;
	if (index_fetch(c->ix, b->stored_off, w->stored_len, ahead, w->raw_len, w->crc, &c->raw, e))
		return -1;
	struct wire in = wire_open(buf_str(&c->raw));
	c->files_left = wire_read_varint(&in);
	uint64_t lead = wire_read_varint(&in);
	if (in.bad || c->files_left > c->raw.len / INDEX_SHA256 || c->files_left > w->entries)
		return damaged(e, "a block is broken");
	in.end -= c->files_left * INDEX_SHA256;
	c->hash = in.end;
	c->members = in;
	for (uint64_t i = 0; i < w->members && !in.bad; i++) {
		wire_read_varint(&in);
		wire_read_varint(&in);
		wire_read_u32(&in);
	}
	c->entries = in;
	if (in.p > in.end || in.bad || lead > w->raw_bytes)
		return damaged(e, "a block is broken");
	c->next_block = number + 1;
	c->members_left = w->members;
	c->entries_left = w->entries;
	c->raw_end = b->raw_off + w->raw_bytes;
	c->packed_end = b->packed_off + w->packed_bytes;
	c->member = (struct index_member){ .number = b->first_member,
		                           .offset = b->packed_off,
		                           .raw_offset = b->raw_off };
	c->member_end = b->raw_off;
	c->mtime_s = 0;
	c->first = true;
	buf_clear(&c->path);
	if (jump) {
		c->pos = b->raw_off + lead;
		c->whole = false;
	}
	if (has_more(c) && c->pos != b->raw_off + lead)
		return damaged(e, "the entries of two blocks do not join");
	return 0;
}

/* What the block says of members and entries is used up, to the last byte. */
static int end_block(const struct index_cursor *c, struct err *e)
{
	if (c->entries_left > 0 || has_more(c))
		return damaged(e, "it lists an entry that is not there");
	if (c->next_block > 0 && c->files_left > 0)
		return damaged(e, "a block is broken");
	if (c->member_end != c->raw_end || c->member.offset + c->member.packed_len != c->packed_end)
		return damaged(e, "the members of a block do not add up");
	return 0;
}

static int end_index(const struct index_cursor *c, struct err *e)
{
	const struct index_totals *t = &c->ix->totals;
	if (c->pos != t->raw_bytes - TAR_END)
		return damaged(e, "the entries do not reach the end");
	if (c->whole && c->content_bytes != t->content_bytes)
		return damaged(e, "the sizes do not add up");
	return 0;
}

int index_cursor_member(struct index_cursor *c, struct index_member *out, struct err *e)
{
	if (c->again_member) {
		c->again_member = false;
		*out = c->member;
		return 1;
	}
	if (has_more(c) && c->pos < c->member_end)
		return damaged(e, "it lists an entry that is not there");
	if (c->members_left == 0) {
		if (end_block(c, e))
			return -1;
		if (c->next_block == c->ix->block_count)
			return end_index(c, e);
		if (load(c, c->next_block, AHEAD, false, e))
			return -1;
	}
	struct index_member *m = &c->member;
	struct index_member next = { .number = m->number + (m->packed_len > 0),
		                     .offset = m->offset + m->packed_len,
		                     .raw_offset = c->member_end };
	next.packed_len = wire_read_varint(&c->members);
	next.raw_len = wire_read_varint(&c->members);
	next.crc = wire_read_u32(&c->members);
	if (next.packed_len == 0 || next.raw_len == 0 ||
	    next.raw_len > c->raw_end - c->member_end ||
	    next.packed_len > c->packed_end - next.offset)
		return damaged(e, "a member has an impossible length");
	*m = next;
	if (c->seen > 0)
		keep_path(&c->bound, buf_str(&c->highest));
	c->bounded = c->seen > 0;
	c->member_end += next.raw_len;
	c->members_left--;
	*out = next;
	return 1;
}

static int read_file(struct index_cursor *c, struct index_item *out)
{
	struct wire *w = &c->entries;
	out->head.entry.size_bytes = wire_read_varint(w);
	out->head.stored_bytes = out->sparse ? wire_read_varint(w) : out->head.entry.size_bytes;
	if (c->files_left == 0)
		return -1;
	c->files_left--;
	out->sha256 = c->hash;
	c->hash += INDEX_SHA256;
	return 0;
}

/* The fields of one entry, as index_build_entry writes them. */
static int read_entry(struct index_cursor *c, struct index_item *out)
{
	struct wire *w = &c->entries;
	struct entry *entry = &out->head.entry;
	struct str tag = wire_read_bytes(w, 1);
	unsigned char type = tag.len == 1 ? (unsigned char)tag.p[0] : 0;
	out->sparse = (type & INDEX_WIRE_SPARSE) != 0;
	entry->again = (type & INDEX_WIRE_AGAIN) != 0;
	entry->type = type & INDEX_WIRE_TYPE;
	index_wire_read_path(w, &c->path);
	entry->path = buf_str(&c->path);
	uint64_t mode = wire_read_varint(w);
	entry->mode = (uint32_t)mode;
	entry->uid = wire_read_varint(w);
	entry->gid = wire_read_varint(w);
	if (__builtin_add_overflow(c->mtime_s, wire_read_signed(w), &c->mtime_s))
		return -1;
	entry->mtime_s = c->mtime_s;
	uint64_t ns = wire_read_varint(w);
	entry->mtime_ns = (uint32_t)ns;
	uint64_t blocks = wire_read_varint(w);
	out->head.head_bytes = blocks * TAR_BLOCK;
	if (entry->type > ENTRY_TYPE_HARDLINK ||
	    (type & ~(INDEX_WIRE_TYPE | INDEX_WIRE_SPARSE | INDEX_WIRE_AGAIN)) != 0 ||
	    mode > 07777 || (entry->again && entry->type != ENTRY_TYPE_DIR) || ns >= 1000000000 ||
	    blocks == 0 || blocks > MEMBER_RAW_MAX / TAR_BLOCK ||
	    (out->sparse && entry->type != ENTRY_TYPE_FILE))
		return -1;
	if (entry->type == ENTRY_TYPE_FILE)
		return read_file(c, out);
	entry->link = wire_read_bytes(w, wire_read_varint(w));
	return 0;
}

static struct str first_path(const struct index *ix, const struct index_block *b)
{
	return str_from(ix->paths.p + b->path_at, b->path_len);
}

/* The next block that has entries, or the end. */
static const struct index_block *next_of(const struct index *ix, const struct index_block *b)
{
	const struct index_block *end = ix->blocks + ix->block_count;
	do
		b++;
	while (b < end && b->wire.entries == 0);
	return b;
}

/* Within what the root says of this block and the next, and greater than what was in the members before. */
static bool is_within(const struct index_cursor *c, struct str path)
{
	const struct index *ix = c->ix;
	const struct index_block *b = &ix->blocks[c->next_block - 1];
	if ((!c->first && names_cmp(first_path(ix, b), path) >= 0) ||
	    (c->bounded && names_cmp(buf_str(&c->bound), path) >= 0))
		return false;
	b = next_of(ix, b);
	return b == ix->blocks + ix->block_count || names_cmp(path, first_path(ix, b)) < 0;
}

/* Names are where a search will look for them. */
static int check_order(struct index_cursor *c, struct str path, struct err *e)
{
	const struct index *ix = c->ix;
	if (c->entries_left == 0)
		return damaged(e, "a block has more entries than the root says");
	c->entries_left--;
	if (c->first && !str_eq(path, first_path(ix, &ix->blocks[c->next_block - 1])))
		return damaged(e, "a block begins with another name than the root says");
	if (ix->ascends && !is_within(c, path))
		return damaged(e, "the names are not in the order that it promises");
	c->first = false;
	if (c->seen++ == 0 || names_cmp(buf_str(&c->highest), path) < 0)
		keep_path(&c->highest, path);
	return 0;
}

/* More is known by who reads the headers (again.h). */
static int check_again(struct index_cursor *c, struct err *e)
{
	if (c->whole && c->dirs == 0)
		return damaged(e, "more directories come again than came");
	c->dirs -= c->dirs > 0;
	return 0;
}

int index_cursor_entry(struct index_cursor *c, struct index_item *out, struct err *e)
{
	if (c->again_item) {
		c->again_item = false;
		*out = c->item;
		return 1;
	}
	if (!has_more(c) || c->pos >= c->member_end)
		return 0;
	*out = (struct index_item){ .raw_offset = c->pos };
	const struct entry *entry = &out->head.entry;
	if (read_entry(c, out) || c->entries.bad)
		return damaged(e, "an entry is broken");
	if (entry->again ? check_again(c, e) : check_order(c, entry->path, e))
		return -1;
	c->dirs += entry->type == ENTRY_TYPE_DIR && !entry->again;
	c->content_bytes += out->head.entry.size_bytes;
	uint64_t end = c->ix->totals.raw_bytes - TAR_END;
	if (out->head.stored_bytes > end ||
	    tar_padded(out->head.stored_bytes) + out->head.head_bytes > end - c->pos)
		return damaged(e, "an entry goes beyond the end");
	c->pos += out->head.head_bytes + tar_padded(out->head.stored_bytes);
	return 1;
}

int index_cursor_next(struct index_cursor *c, struct index_item *out, struct err *e)
{
	for (;;) {
		struct index_member member;
		int rc = index_cursor_entry(c, out, e);
		if (rc > 0 && out->head.entry.again)
			continue;
		if (rc != 0)
			return rc;
		rc = index_cursor_member(c, &member, e);
		if (rc <= 0)
			return rc;
	}
}

/* The last block that begins at or before `path`. */
static size_t block_of(const struct index *ix, struct str path)
{
	size_t found = 0;
	for (size_t i = 0; i < ix->block_count; i++) {
		const struct index_block *b = &ix->blocks[i];
		if (b->wire.entries > 0 && names_cmp(first_path(ix, b), path) <= 0)
			found = i;
	}
	return found;
}

static void rewind_cursor(struct index_cursor *c)
{
	c->again_member = c->again_item = false;
	c->pos = c->next_block = c->content_bytes = c->seen = c->dirs = 0;
	c->bounded = false;
	c->whole = true;
	c->members_left = c->entries_left = c->files_left = 0;
	c->member_end = c->raw_end = c->packed_end = 0;
	c->member = (struct index_member){ .number = 0 };
	c->entries = wire_open((struct str){ "", 0 });
}

int index_cursor_find(struct index_cursor *c, struct str path, struct index_member *member,
                      struct index_item *item, struct err *e)
{
	const struct index *ix = c->ix;
	rewind_cursor(c);
	if (ix->block_count == 0)
		return 0;
	if (ix->ascends && load(c, block_of(ix, path), 0, true, e))
		return -1;
	size_t stop = ix->ascends ? c->next_block : ix->block_count;
	int rc;
	while (c->entries_left > 0 || c->next_block < stop) {
		rc = index_cursor_next(c, item, e);
		if (rc <= 0)
			return rc;
		if (!str_eq(item->head.entry.path, path))
			continue;
		*member = c->member;
		c->item = *item;
		c->again_member = c->again_item = true;
		return 1;
	}
	return 0;
}
