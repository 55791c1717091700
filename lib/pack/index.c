/* The index of an archive from its end: footer, root, and the bytes of blocks. */
#include "pack/index.h"

#include <string.h>

#include "base/mem.h"
#include "pack/index_parts.h"
#include "pack/member_zstd.h"

enum {
	DEFLATE_RATIO_MAX = 1040,
	SEEK_END = 9,        /* bytes that tell of a seek table */
	BLOCK_WIRE_MIN = 12, /* bytes that a block takes in the root, at least */
};

static int damaged(struct err *e, const char *what)
{
	return err_set(e, ERR_KIND_DATA, "the archive's index is damaged: %s", what);
}

static int read_exactly(struct source *s, uint64_t offset, void *p, size_t len, struct err *e)
{
	size_t got;
	if (s->read_at(s, offset, p, len, &got, e))
		return err_context(e, "read the index");
	return got == len ? 0 : damaged(e, "the archive is shorter than it was");
}

/* `len` bytes at `offset`, which lie before the footer. */
static const unsigned char *bytes_at(struct index *ix, uint64_t offset, size_t len, uint64_t ahead,
                                     struct err *e)
{
	if (offset >= ix->tail_off)
		return ix->tail + (offset - ix->tail_off);
	if (offset >= ix->window_off && len <= ix->window_len &&
	    offset - ix->window_off <= ix->window_len - len)
		return ix->window + (offset - ix->window_off);
	uint64_t left = ix->footer.root_off - offset;
	uint64_t want = ahead > len ? ahead : len;
	ix->window_len = (size_t)(want < left ? want : left);
	if (ix->window_len < len)
		ix->window_len = len;
	ix->window = mem_grow(ix->window, ix->window_len, 1);
	ix->window_off = offset;
	if (read_exactly(ix->source, offset, ix->window, ix->window_len, e)) {
		ix->window_len = 0;
		return NULL;
	}
	return ix->window;
}

/* The payloads of the hidden members that `p` is made of. */
static int join_payloads(const struct index *ix, const unsigned char *p, size_t len,
                         struct buf *out, struct err *e)
{
	while (len > 0) {
		struct member_head head = member_look(p, len);
		if (head.kind != MEMBER_INDEX || head.form != ix->form || head.packed_len > len)
			return damaged(e, "a part of it is no index member");
		struct str payload = member_payload(p, head.packed_len);
		if (payload.len == 0)
			return damaged(e, "an index member is broken");
		buf_add_str(out, payload);
		p += head.packed_len;
		len -= head.packed_len;
	}
	return buf_check(out, e, "the index");
}

int index_fetch(struct index *ix, uint64_t offset, uint64_t stored_len, uint64_t ahead,
                uint64_t raw_len, uint32_t crc, struct buf *raw, struct err *e)
{
	BUF_AUTO packed = buf_make((size_t)ix->limits.max_index_bytes);
	if (raw_len > ix->limits.max_index_bytes || stored_len > ix->limits.max_index_bytes)
		return damaged(e, "it is larger than the limit");
	if (raw_len / DEFLATE_RATIO_MAX > stored_len)
		return damaged(e, "its lengths do not fit together");
	const unsigned char *p = bytes_at(ix, offset, (size_t)stored_len, ahead, e);
	if (!p || join_payloads(ix, p, (size_t)stored_len, &packed, e))
		return -1;
	buf_clear(raw);
	char *room = buf_room(raw, (size_t)raw_len);
	if (!room)
		return buf_check(raw, e, "the index");
	if (member_inflate(ix->opener, buf_str(&packed), room, (size_t)raw_len, e))
		return err_context(e, "the archive's index");
	buf_grew(raw, (size_t)raw_len);
	if (member_crc32(raw->p, raw->len) != crc)
		return damaged(e, "its checksum is wrong");
	return 0;
}

struct sums {
	uint64_t members, entries, packed, raw;
	uint64_t data_end, offset; /* of the run at hand: where its members end; where it ends */
	bool over;
};

static void add(struct sums *at, uint64_t *sum, uint64_t n)
{
	at->over |= __builtin_add_overflow(*sum, n, sum);
}

/* One run: the data members of its blocks, and behind them what carries the blocks. Returns the next run's first. */
static size_t chain_run(struct index *ix, size_t first, struct sums *at)
{
	size_t next = first;
	at->data_end = at->offset;
	for (bool last = false; !last && next < ix->block_count; next++) {
		struct index_block *b = &ix->blocks[next];
		last = b->ends_run;
		b->first_member = at->members;
		b->packed_off = at->data_end;
		b->raw_off = at->raw;
		at->over |= b->wire.members == 0;
		add(at, &at->members, b->wire.members);
		add(at, &at->entries, b->wire.entries);
		add(at, &at->packed, b->wire.packed_bytes);
		add(at, &at->raw, b->wire.raw_bytes);
		add(at, &at->data_end, b->wire.packed_bytes);
	}
	at->offset = at->data_end;
	for (size_t i = first; i < next; i++) {
		ix->blocks[i].stored_off = at->offset;
		add(at, &at->offset, ix->blocks[i].wire.stored_len);
	}
	for (size_t i = first; i < next; i++)
		ix->blocks[i].run_end = at->offset;
	return next;
}

/* The blocks follow each other without gaps, in every measure, and end where the whole does. */
static int chain_blocks(struct index *ix, struct err *e)
{
	struct sums at = { .members = 0 };
	for (size_t i = 0; i < ix->block_count && !at.over;)
		i = chain_run(ix, i, &at);
	const struct index_totals *t = &ix->totals;
	if (at.over || at.members != t->members || at.packed != t->packed_bytes ||
	    at.raw != t->raw_bytes || at.entries != t->entries ||
	    at.data_end != ix->footer.index_off || at.offset != ix->footer.root_off)
		return damaged(e, "its parts do not add up");
	if (t->raw_bytes < TAR_END || t->raw_bytes > INT64_MAX)
		return damaged(e, "the size of the whole cannot be");
	if (t->entries > ix->limits.max_entries || t->members > ix->limits.max_members ||
	    t->content_bytes > ix->limits.max_bytes)
		return err_set(e, ERR_KIND_DATA,
		               "the archive has more entries, members or bytes than the limit");
	return 0;
}

/* How many blocks are in each run but the last. */
static void read_runs(struct index *ix, struct wire *w)
{
	uint64_t runs = wire_read_varint(w), sum = 0;
	w->bad |= runs == 0 || runs >= ix->block_count;
	for (uint64_t i = 0; i < runs && !w->bad; i++) {
		uint64_t blocks = wire_read_varint(w);
		w->bad |= blocks == 0 || blocks >= ix->block_count - sum;
		if (w->bad)
			return;
		sum += blocks;
		ix->blocks[sum - 1].ends_run = true;
	}
}

static int parse_root(struct index *ix, struct str raw, struct err *e)
{
	unsigned flags;
	struct wire w = wire_open(raw);
	BUF_AUTO path = buf_make(raw.len);
	uint64_t count;
	index_wire_read_totals(&w, &ix->totals, &flags, &count);
	if (w.bad || count > raw.len / BLOCK_WIRE_MIN)
		return damaged(e, "its root is broken");
	ix->blocks = mem_new((size_t)count + 1, sizeof(ix->blocks[0]));
	ix->block_count = (size_t)count;
	ix->ascends = flags & INDEX_WIRE_ASCENDS;
	if (flags & INDEX_WIRE_RUNS)
		read_runs(ix, &w);
	for (size_t i = 0; i < count && !w.bad; i++) {
		struct index_block *b = &ix->blocks[i];
		index_wire_read_block(&w, &b->wire);
		index_wire_read_path(&w, &path);
		b->path_at = ix->paths.len;
		b->path_len = path.len;
		buf_add_str(&ix->paths, buf_str(&path));
	}
	if (w.bad || w.p != w.end)
		return damaged(e, "its root is broken");
	return buf_check(&ix->paths, e, "the index") ? -1 : chain_blocks(ix, e);
}

static int load_root(struct index *ix, struct err *e)
{
	BUF_AUTO raw = buf_make((size_t)ix->limits.max_index_bytes);
	const struct index_footer *f = &ix->footer;
	uint64_t len = f->offset - f->root_off;
	if (index_fetch(ix, f->root_off, len, 0, f->root_raw_len, f->root_crc, &raw, e))
		return -1;
	return parse_root(ix, buf_str(&raw), e);
}

/* Of gzip the footer is last, of zstd a seek table whose end tells its length. */
static int find_footer(struct index *ix, uint64_t size, struct err *e)
{
	unsigned char far[INDEX_FOOTER_MIN];
	const unsigned char *end = ix->tail + ix->tail_len, *p = end - INDEX_FOOTER_MIN;
	uint64_t behind = INDEX_FOOTER_MIN, len = member_zstd_seek_len(end - SEEK_END);
	size_t avail = INDEX_FOOTER_MIN;
	ix->form = len > 0 ? MEMBER_ZSTD : MEMBER_GZIP;
	if (len > 0) {
		avail = INDEX_FOOTER_PAYLOAD + MEMBER_ZSTD_HIDDEN_EXTRA;
		behind = len + avail;
		if (behind > size)
			return 0;
		p = far;
		if (behind <= ix->tail_len)
			p = end - behind;
		else if (read_exactly(ix->source, size - behind, far, avail, e))
			return -1;
	}
	int found = index_footer_parse(p, avail, size - behind, &ix->footer, e);
	return found > 0 && member_look(p, avail).form != ix->form ? 0 : found;
}

int index_open(struct source *source, const struct limits *limits, struct index **out,
               struct err *e)
{
	*out = NULL;
	uint64_t size = source->id.size_bytes;
	if (source->sequential || !source->size_known || size < INDEX_FOOTER_MIN)
		return 0;
	struct index *ix = mem_new(1, sizeof(*ix));
	ix->source = source;
	ix->limits = *limits;
	ix->paths = buf_make((size_t)limits->max_index_bytes);
	ix->opener = member_opener_new();
	ix->tail_len = size < INDEX_TAIL ? (size_t)size : INDEX_TAIL;
	ix->tail_off = size - ix->tail_len;
	ix->tail = mem_new(ix->tail_len, 1);
	int found = -1;
	if (read_exactly(source, ix->tail_off, ix->tail, ix->tail_len, e) == 0)
		found = find_footer(ix, size, e);
	if (found > 0 && load_root(ix, e))
		found = -1;
	if (found > 0)
		*out = ix;
	else
		index_close(ix);
	return found;
}

void index_close(struct index *ix)
{
	if (!ix)
		return;
	member_opener_free(ix->opener);
	buf_free(&ix->paths);
	mem_free(ix->blocks);
	mem_free(ix->tail);
	mem_free(ix->window);
	mem_free(ix);
}

const struct index_totals *index_totals(const struct index *ix)
{
	return &ix->totals;
}

uint64_t index_data_end(const struct index *ix)
{
	return ix->footer.index_off;
}

enum member_form index_form(const struct index *ix)
{
	return ix->form;
}

bool index_ascends(const struct index *ix)
{
	return ix->ascends;
}
