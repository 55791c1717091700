/* A ring of groups: the oldest is written out when its slot is needed again. */
#include "pack/press.h"

#include <assert.h>
#include <string.h>

#include "base/codec.h"
#include "base/mem.h"
#include "crypto/digest_many.h"
#include "os/pool.h"
#include "pack/gather.h"
#include "pack/index.h"
#include "pack/member_zstd.h"
#include "pack/names.h"

enum {
	SLOTS_MORE = 2, /* one that is being filled, one that waits for a worker */
	/* One thread reads the tree, and is not faster than so many that compress; nor would the memory of more keep to
	 * 64 MiB and 4 MiB for each. */
	JOBS_MAX = 8,
	SEEK_MAX = 1 << 30,
	GATHER_MAX = 32 * 1024, /* deflate does not see what is farther back */
	OWNER_ENTERS = 0300,
};

struct pending {
	struct tar_head head;
	size_t path_at, link_at; /* in the group's text */
	size_t stored_at;        /* in its raw bytes */
	bool whole;
	bool fixed; /* as press.fixed is */
	unsigned char sha256[DIGEST_SHA256_LEN];
};

struct group {
	struct pool_job job;
	struct member_packer *packer;
	unsigned char *raw, *packed;
	size_t raw_len, packed_len;
	uint32_t crc;
	struct pending *entries;
	struct digest_many_item *texts; /* room for as many */
	struct gather_item *items;      /* and as many */
	struct gather gather;
	const uint32_t *order; /* of the entries in the raw bytes; NULL: as they came */
	size_t count, cap;
	struct buf text;
	bool gathers;
	bool has_earlier; /* the hash of a file that began in an earlier group */
	unsigned char earlier[DIGEST_SHA256_LEN];
};

struct press {
	struct press_options options;
	struct pool *pool;
	struct group *groups;
	size_t group_count;
	size_t now, oldest, waiting; /* the group being filled; those submitted are [oldest, now) */
	size_t mark;                 /* where the present entry began in the group at hand */
	/* What is in a directory that its owner may not write to stays together: of what comes into it once it has been
	 * left, GNU tar fails to unpack it unless it is root. `fixed`: the present entry is `fixed_top` or below it. */
	bool fixed;
	struct buf fixed_top;
	struct index_build *index;
	struct buf seek; /* entries of a zstd archive's seek table */
	struct digest_sha256 digest;
	uint64_t written;
};

/* Hash the files that lie wholly in the group. */
static void hash(struct group *g)
{
	size_t files = 0;
	for (size_t i = 0; i < g->count; i++) {
		struct pending *at = &g->entries[i];
		if (!at->whole || at->head.entry.type != ENTRY_TYPE_FILE)
			continue;
		g->texts[files++] = (struct digest_many_item){
			.p = g->raw + at->stored_at,
			.len = (size_t)at->head.stored_bytes,
			.sha256 = at->sha256,
		};
	}
	digest_many(g->texts, files);
}

static enum gather_kind kind_of(const struct pending *at)
{
	const struct entry *entry = &at->head.entry;
	if (entry->type == ENTRY_TYPE_DIR)
		return entry->again ? GATHER_AGAIN : GATHER_DIR;
	bool moves = at->whole && !at->fixed && entry->type == ENTRY_TYPE_FILE && !entry->extents &&
	             entry->size_bytes > 0 && entry->size_bytes <= GATHER_MAX;
	return moves ? GATHER_FILE : GATHER_OTHER;
}

/* The entry's bytes in the group: only the last one can go on in the next. */
static struct str bytes_of(const struct group *g, const struct pending *at)
{
	size_t from = at->stored_at - (size_t)at->head.head_bytes;
	size_t len = (size_t)at->head.head_bytes + (size_t)tar_padded(at->head.stored_bytes);
	return str_head(str_from((char *)g->raw + from, g->raw_len - from), len);
}

/* The entries' bytes in their new order, into the other buffer, which is as large. */
static void move(struct group *g)
{
	struct str last = bytes_of(g, &g->entries[g->count - 1]);
	size_t end = g->entries[0].stored_at - (size_t)g->entries[0].head.head_bytes;
	size_t behind = (size_t)(last.p + last.len - (const char *)g->raw);
	memcpy(g->packed, g->raw, end);
	for (size_t i = 0; i < g->gather.count; i++) {
		struct pending *at = &g->entries[g->order[i]];
		struct str bytes = bytes_of(g, at);
		memcpy(g->packed + end, bytes.p, bytes.len);
		at->stored_at = end + (size_t)at->head.head_bytes;
		end += bytes.len;
	}
	memcpy(g->packed + end, g->raw + behind, g->raw_len - behind);
	g->raw_len = end + g->raw_len - behind;
	unsigned char *raw = g->raw;
	g->raw = g->packed;
	g->packed = raw;
}

static void gather(struct group *g)
{
	for (size_t i = 0; i < g->count; i++) {
		const struct pending *at = &g->entries[i];
		g->items[i] = (struct gather_item){
			.path = { g->text.p + at->path_at, at->head.entry.path.len },
			.kind = kind_of(at),
		};
	}
	if (!gather_order(&g->gather, g->items, g->count))
		return;
	g->order = g->gather.order;
	move(g);
}

/* In a worker: hash, then compress. */
static int squeeze(struct pool_job *job, struct err *e)
{
	struct group *g = (struct group *)job;
	(void)e;
	if (g->gathers)
		gather(g);
	hash(g);
	g->packed_len = member_pack(g->packer, g->raw, g->raw_len, g->packed, &g->crc);
	return 0;
}

int press_open(const struct press_options *options, struct press **out, struct err *e)
{
	struct press *p = mem_new(1, sizeof(*p));
	*out = p;
	p->options = *options;
	if (p->options.jobs > JOBS_MAX)
		p->options.jobs = JOBS_MAX;
	p->group_count = options->plain ? 1 : (size_t)p->options.jobs + SLOTS_MORE;
	p->groups = mem_new(p->group_count, sizeof(p->groups[0]));
	p->seek = buf_make(SEEK_MAX);
	p->fixed_top = buf_make(SIZE_MAX / 2);
	digest_sha256_init(&p->digest);
	member_prepare();
	for (size_t i = 0; i < p->group_count; i++) {
		struct group *g = &p->groups[i];
		g->job.run = squeeze;
		g->raw = mem_new(member_bound(PRESS_MAX), 1);
		g->gathers = options->gather;
		g->text = buf_make(SIZE_MAX / 2);
		if (options->plain)
			continue;
		g->packed = mem_new(member_bound(PRESS_MAX), 1);
		g->packer = member_packer_new(options->form, options->level);
	}
	if (options->plain)
		return 0;
	p->index = index_build_new(options->form);
	if (pool_open(p->options.jobs, 0, p->group_count, &p->pool, e) == 0)
		return 0;
	press_close(p);
	*out = NULL;
	return -1;
}

void press_close(struct press *p)
{
	if (!p)
		return;
	pool_close(p->pool);
	for (size_t i = 0; i < p->group_count; i++) {
		struct group *g = &p->groups[i];
		member_packer_free(g->packer);
		mem_free(g->raw);
		mem_free(g->packed);
		mem_free(g->entries);
		mem_free(g->texts);
		mem_free(g->items);
		gather_free(&g->gather);
		buf_free(&g->text);
	}
	index_build_free(p->index);
	buf_free(&p->seek);
	buf_free(&p->fixed_top);
	mem_free(p->groups);
	mem_free(p);
}

static int emit(struct press *p, const void *bytes, size_t len, struct err *e)
{
	if (p->options.sink->write(p->options.sink, bytes, len, e))
		return err_context(e, "write the archive");
	if (!p->options.unhashed)
		digest_sha256_add(&p->digest, bytes, len);
	p->written += len;
	return 0;
}

static void add_to_index(struct press *p, const struct group *g)
{
	if (g->has_earlier)
		index_build_hash(p->index, g->earlier);
	size_t count = g->order ? g->gather.count : g->count;
	for (size_t i = 0; i < count; i++) {
		struct pending *at = &g->entries[g->order ? g->order[i] : i];
		struct entry *entry = &at->head.entry;
		/* Of extents only their being there counts from here on. */
		entry->path.p = g->text.p + at->path_at;
		entry->link.p = g->text.p + at->link_at;
		index_build_entry(p->index, &at->head, at->whole ? at->sha256 : NULL);
	}
	index_build_member(p->index, g->packed_len, g->raw_len, g->crc);
	if (p->options.form == MEMBER_ZSTD)
		member_zstd_seek_add(&p->seek, &(struct member_head){ .packed_len = g->packed_len,
		                                                      .raw_len = g->raw_len });
}

static void empty(struct group *g)
{
	g->raw_len = g->count = 0;
	g->has_earlier = false;
	g->order = NULL;
	buf_clear(&g->text);
}

static void note_hidden(struct press *p, struct str hidden)
{
	while (p->options.form == MEMBER_ZSTD && hidden.len > 0) {
		struct member_head head = member_look((const unsigned char *)hidden.p, hidden.len);
		member_zstd_seek_add(&p->seek, &head);
		hidden = str_skip(hidden, head.packed_len);
	}
}

static int emit_oldest(struct press *p, struct err *e)
{
	struct group *g = &p->groups[p->oldest];
	struct str hidden = index_build_spill(p->index);
	note_hidden(p, hidden);
	if (hidden.len > 0 && emit(p, hidden.p, hidden.len, e))
		return -1;
	p->oldest = (p->oldest + 1) % p->group_count;
	p->waiting--;
	if (pool_wait(p->pool, &g->job, e) || emit(p, g->packed, g->packed_len, e))
		return -1;
	add_to_index(p, g);
	empty(g);
	return 0;
}

int press_cut(struct press *p, struct err *e)
{
	struct group *g = &p->groups[p->now];
	p->mark = 0;
	if (g->raw_len == 0)
		return 0;
	if (p->options.plain) {
		int rc = emit(p, g->raw, g->raw_len, e);
		empty(g);
		return rc;
	}
	pool_submit(p->pool, &g->job);
	p->waiting++;
	p->now = (p->now + 1) % p->group_count;
	if (p->waiting == p->group_count)
		return emit_oldest(p, e);
	return 0;
}

int press_begin(struct press *p, uint64_t total, uint64_t together, struct err *e)
{
	size_t len = p->groups[p->now].raw_len, count = p->groups[p->now].count;
	bool full = count >= PRESS_ENTRIES || (len >= PRESS_TARGET && total > PRESS_MAX - len);
	if ((full || together > PRESS_MAX - len) && press_cut(p, e))
		return -1;
	if (together > PRESS_MAX)
		return err_set(e, ERR_KIND_DATA, "the header of an entry is larger than %d bytes",
		               PRESS_MAX);
	p->mark = p->groups[p->now].raw_len;
	return 0;
}

unsigned char *press_at(struct press *p, size_t *room)
{
	struct group *g = &p->groups[p->now];
	*room = PRESS_MAX - g->raw_len;
	return g->raw + g->raw_len;
}

void press_grew(struct press *p, size_t n)
{
	struct group *g = &p->groups[p->now];
	assert(n <= PRESS_MAX - g->raw_len);
	g->raw_len += n;
}

void press_undo(struct press *p)
{
	p->groups[p->now].raw_len = p->mark;
}

static size_t keep_text(struct group *g, struct str text)
{
	buf_add_str(&g->text, text);
	return g->text.len - text.len;
}

static bool is_fixed(struct press *p, const struct entry *entry)
{
	if (p->fixed && names_within(entry->path, buf_str(&p->fixed_top)))
		return true;
	p->fixed = entry->type == ENTRY_TYPE_DIR && (entry->mode & OWNER_ENTERS) != OWNER_ENTERS;
	buf_clear(&p->fixed_top);
	if (p->fixed)
		buf_add_str(&p->fixed_top, entry->path);
	return p->fixed;
}

void press_entry(struct press *p, const struct tar_head *head, bool whole)
{
	struct group *g = &p->groups[p->now];
	if (p->options.plain)
		return;
	if (g->count == g->cap) {
		g->cap = g->cap ? 2 * g->cap : 64;
		g->entries = mem_grow(g->entries, g->cap, sizeof(g->entries[0]));
		g->texts = mem_grow(g->texts, g->cap, sizeof(g->texts[0]));
		g->items = mem_grow(g->items, g->cap, sizeof(g->items[0]));
	}
	struct pending *at = &g->entries[g->count++];
	at->head = *head;
	at->whole = whole;
	at->fixed = is_fixed(p, &head->entry);
	at->path_at = keep_text(g, head->entry.path);
	at->link_at = keep_text(g, head->entry.link);
	at->stored_at = p->mark + (size_t)head->head_bytes;
}

void press_hash(struct press *p, const unsigned char sha256[DIGEST_SHA256_LEN])
{
	struct group *g = &p->groups[p->now];
	if (p->options.plain)
		return;
	g->has_earlier = true;
	memcpy(g->earlier, sha256, DIGEST_SHA256_LEN);
}

static int emit_index(struct press *p, struct err *e)
{
	BUF_AUTO table = buf_make(SEEK_MAX);
	struct str hidden;
	if (p->options.plain)
		return 0;
	if (index_build_finish(p->index, &hidden, e))
		return -1;
	note_hidden(p, hidden);
	if (p->options.form == MEMBER_ZSTD)
		member_zstd_seek_format(&p->seek, &table);
	if (emit(p, hidden.p, hidden.len, e) || buf_check(&table, e, "the seek table"))
		return -1;
	return emit(p, table.p, table.len, e);
}

int press_finish(struct press *p, uint64_t *archive_bytes, char sha256[DIGEST_SHA256_HEX],
                 struct err *e)
{
	unsigned char hash[DIGEST_SHA256_LEN];
	size_t room;
	if (press_begin(p, TAR_END, TAR_END, e))
		return -1;
	memset(press_at(p, &room), 0, TAR_END);
	press_grew(p, TAR_END);
	if (press_cut(p, e))
		return -1;
	while (p->waiting > 0)
		if (emit_oldest(p, e))
			return -1;
	if (emit_index(p, e))
		return -1;
	digest_sha256_out(&p->digest, hash);
	codec_hex(hash, p->options.unhashed ? 0 : sizeof(hash), sha256);
	*archive_bytes = p->written;
	return 0;
}
