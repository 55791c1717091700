/* What a worker does with a group: gather, hash, compress. */
#include "pack/press_group.h"

#include <string.h>

#include "base/mem.h"

enum { GATHER_MAX = 32 * 1024 /* deflate does not see what is farther back */ };

/* Hash the files that lie wholly in the group. */
static void hash(struct press_group *g)
{
	size_t files = 0;
	for (size_t i = 0; i < g->count; i++) {
		struct press_pending *at = &g->entries[i];
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

static enum gather_kind kind_of(const struct press_pending *at)
{
	const struct entry *entry = &at->head.entry;
	if (entry->type == ENTRY_TYPE_DIR)
		return entry->again ? GATHER_AGAIN : GATHER_DIR;
	bool moves = at->whole && !at->fixed && entry->type == ENTRY_TYPE_FILE && !entry->extents &&
	             entry->size_bytes > 0 && entry->size_bytes <= GATHER_MAX;
	return moves ? GATHER_FILE : GATHER_OTHER;
}

/* The entry's bytes in the group: only the last one can go on in the next. */
static struct str bytes_of(const struct press_group *g, const struct press_pending *at)
{
	size_t from = at->stored_at - (size_t)at->head.head_bytes;
	size_t len = (size_t)at->head.head_bytes + (size_t)tar_padded(at->head.stored_bytes);
	return str_head(str_from((char *)g->raw + from, g->raw_len - from), len);
}

/* The entries' bytes in their new order, into the other buffer, which is as large. */
static void move(struct press_group *g)
{
	struct str last = bytes_of(g, &g->entries[g->count - 1]);
	size_t end = g->entries[0].stored_at - (size_t)g->entries[0].head.head_bytes;
	size_t behind = (size_t)(last.p + last.len - (const char *)g->raw);
	memcpy(g->packed, g->raw, end);
	for (size_t i = 0; i < g->gather.count; i++) {
		struct press_pending *at = &g->entries[g->order[i]];
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

static void gather(struct press_group *g)
{
	for (size_t i = 0; i < g->count; i++) {
		const struct press_pending *at = &g->entries[i];
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
	struct press_group *g = (struct press_group *)job;
	(void)e;
	if (g->gathers)
		gather(g);
	hash(g);
	g->packed_len = member_pack(g->packer, g->raw, g->raw_len, g->packed, &g->crc);
	return 0;
}

void press_group_init(struct press_group *g, const struct press_options *options)
{
	g->job.run = squeeze;
	g->raw = mem_new(member_bound(PRESS_MAX), 1);
	g->gathers = options->gather;
	g->text = buf_make(SIZE_MAX / 2);
	if (options->plain)
		return;
	g->packed = mem_new(member_bound(PRESS_MAX), 1);
	g->packer = member_packer_new(options->form, options->level);
}

void press_group_free(struct press_group *g)
{
	member_packer_free(g->packer);
	mem_free(g->raw);
	mem_free(g->packed);
	mem_free(g->entries);
	mem_free(g->texts);
	mem_free(g->items);
	gather_free(&g->gather);
	buf_free(&g->text);
}

static size_t keep_text(struct press_group *g, struct str text)
{
	buf_add_str(&g->text, text);
	return g->text.len - text.len;
}

void press_group_add(struct press_group *g, const struct tar_head *head, size_t at, bool whole,
                     bool fixed)
{
	if (g->count == g->cap) {
		g->cap = g->cap ? 2 * g->cap : 64;
		g->entries = mem_grow(g->entries, g->cap, sizeof(g->entries[0]));
		g->texts = mem_grow(g->texts, g->cap, sizeof(g->texts[0]));
		g->items = mem_grow(g->items, g->cap, sizeof(g->items[0]));
	}
	g->entries[g->count++] = (struct press_pending){
		.head = *head,
		.whole = whole,
		.fixed = fixed,
		.path_at = keep_text(g, head->entry.path),
		.link_at = keep_text(g, head->entry.link),
		.stored_at = at + (size_t)head->head_bytes,
	};
}

size_t press_group_count(const struct press_group *g)
{
	return g->order ? g->gather.count : g->count;
}

const struct press_pending *press_group_at(struct press_group *g, size_t i)
{
	struct press_pending *at = &g->entries[g->order ? g->order[i] : i];
	struct entry *entry = &at->head.entry;
	/* Of extents only their being there counts from here on. */
	entry->path.p = g->text.p + at->path_at;
	entry->link.p = g->text.p + at->link_at;
	return at;
}

void press_group_empty(struct press_group *g)
{
	g->raw_len = g->count = 0;
	g->has_earlier = false;
	g->order = NULL;
	buf_clear(&g->text);
}
