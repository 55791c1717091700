/* A ring of groups: the oldest is written out when its slot is needed again. */
#include "pack/press.h"

#include <assert.h>
#include <string.h>

#include "base/codec.h"
#include "base/mem.h"
#include "os/pool.h"
#include "pack/index.h"
#include "pack/member_zstd.h"
#include "pack/names.h"
#include "pack/press_group.h"

enum {
	SLOTS_MORE = 2, /* one that is being filled, one that waits for a worker */
	/* One thread reads the tree, and is not faster than so many that compress; nor would the memory of more keep to
	 * 64 MiB and 4 MiB for each. */
	JOBS_MAX = 8,
	SEEK_MAX = 1 << 30,
	OWNER_ENTERS = 0300,
};

struct press {
	struct press_options options;
	struct pool *pool;
	struct press_group *groups;
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
	for (size_t i = 0; i < p->group_count; i++)
		press_group_init(&p->groups[i], options);
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
	for (size_t i = 0; i < p->group_count; i++)
		press_group_free(&p->groups[i]);
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

static void add_to_index(struct press *p, struct press_group *g)
{
	if (g->has_earlier)
		index_build_hash(p->index, g->earlier);
	for (size_t i = 0; i < press_group_count(g); i++) {
		const struct press_pending *at = press_group_at(g, i);
		index_build_entry(p->index, &at->head, at->whole ? at->sha256 : NULL);
	}
	index_build_member(p->index, g->packed_len, g->raw_len, g->crc);
	if (p->options.form == MEMBER_ZSTD)
		member_zstd_seek_add(&p->seek, &(struct member_head){ .packed_len = g->packed_len,
		                                                      .raw_len = g->raw_len });
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
	struct press_group *g = &p->groups[p->oldest];
	struct str hidden = index_build_spill(p->index);
	note_hidden(p, hidden);
	if (hidden.len > 0 && emit(p, hidden.p, hidden.len, e))
		return -1;
	p->oldest = (p->oldest + 1) % p->group_count;
	p->waiting--;
	if (pool_wait(p->pool, &g->job, e) || emit(p, g->packed, g->packed_len, e))
		return -1;
	add_to_index(p, g);
	press_group_empty(g);
	return 0;
}

int press_cut(struct press *p, struct err *e)
{
	struct press_group *g = &p->groups[p->now];
	p->mark = 0;
	if (g->raw_len == 0)
		return 0;
	if (p->options.plain) {
		int rc = emit(p, g->raw, g->raw_len, e);
		press_group_empty(g);
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
	struct press_group *g = &p->groups[p->now];
	*room = PRESS_MAX - g->raw_len;
	return g->raw + g->raw_len;
}

void press_grew(struct press *p, size_t n)
{
	struct press_group *g = &p->groups[p->now];
	assert(n <= PRESS_MAX - g->raw_len);
	g->raw_len += n;
}

void press_undo(struct press *p)
{
	p->groups[p->now].raw_len = p->mark;
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
	struct press_group *g = &p->groups[p->now];
	if (!p->options.plain)
		press_group_add(g, head, p->mark, whole, is_fixed(p, &head->entry));
}

void press_hash(struct press *p, const unsigned char sha256[DIGEST_SHA256_LEN])
{
	struct press_group *g = &p->groups[p->now];
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
