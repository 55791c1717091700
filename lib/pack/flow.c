/* A queue of members in the workers' hands. */
#include "pack/flow.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "pack/feed.h"
#include "pack/guard.h"
#include "pack/index.h"
#include "pack/member_zstd.h"

enum { SEEK_MAX = 1 << 30 };

struct flow {
	struct flow_options options;
	struct limits limits;
	struct feed feed;
	struct flow_group *groups;
	size_t group_count;
	struct flow_group *free;
	struct flow_group *first, *last; /* being inflated, in order */
	unsigned waiting;
	uint64_t number, raw_offset; /* of the next member */
	uint64_t packed_total, raw_total;
	struct buf seek;    /* what the seek table of a zstd archive has to be */
	bool hidden;        /* the member before was of the index ... */
	uint64_t hidden_at; /* ... and the first of those together was here */
	bool ended;
};

static int open_member(struct pool_job *job, struct err *e)
{
	struct flow_group *g = (struct flow_group *)job;
	if (!g->opener)
		g->opener = member_opener_new();
	if (member_unpack(g->opener, g->packed, &g->head, g->raw, &g->crc, e))
		return err_context(e, "member at byte %" PRIu64, g->offset);
	return 0;
}

int flow_open(struct source *source, const struct flow_options *options, struct flow **out,
              struct err *e)
{
	(void)e;
	struct flow *f = mem_new(1, sizeof(*f));
	f->options = *options;
	f->limits = *options->limits;
	f->number = options->number;
	f->raw_offset = options->raw_offset;
	f->seek = buf_make(SEEK_MAX);
	feed_init(&f->feed, source, options->offset, options->end, options->progress);
	if (options->first_piece > 0)
		f->feed.piece = options->first_piece;
	f->group_count = (size_t)options->ahead + options->kept_max + 1;
	f->groups = mem_new(f->group_count, sizeof(f->groups[0]));
	for (size_t i = 0; i < f->group_count; i++) {
		f->groups[i].flow = f;
		f->groups[i].next = f->free;
		f->free = &f->groups[i];
	}
	member_prepare();
	*out = f;
	return 0;
}

void flow_close(struct flow *f)
{
	if (!f)
		return;
	for (struct flow_group *g = f->first; g; g = g->next) {
		struct err ignored = ERR_INIT;
		if (pool_wait(f->options.pool, &g->job, &ignored))
			continue;
	}
	for (size_t i = 0; i < f->group_count; i++) {
		member_opener_free(f->groups[i].opener);
		mem_free(f->groups[i].packed);
		mem_free(f->groups[i].raw);
	}
	feed_free(&f->feed);
	buf_free(&f->seek);
	mem_free(f->groups);
	mem_free(f);
}

static int bad_member(const struct flow *f, const char *why, struct err *e)
{
	return err_set(e, ERR_KIND_DATA, "the archive is damaged at byte %" PRIu64 ": %s",
	               f->feed.offset, why);
}

static void *at_least(void *p, size_t *cap, size_t want)
{
	if (*cap >= want)
		return p;
	mem_free(p);
	*cap = want;
	return mem_new(want, 1);
}

static int check_totals(struct flow *f, const struct member_head *head, struct err *e)
{
	f->packed_total += head->packed_len;
	f->raw_total += head->raw_len;
	if (f->number >= f->limits.max_members)
		return bad_member(f, "more members than the limit", e);
	return guard_ratio(&f->limits, f->packed_total, f->raw_total, e);
}

/* What kind of member begins at the feed's start. */
static int look(struct flow *f, struct member_head *head, struct err *e)
{
	size_t want = MEMBER_HEAD;
	do {
		if (feed_need(&f->feed, want, e))
			return -1;
		*head = member_look(feed_bytes(&f->feed), f->feed.len);
		if (head->kind != MEMBER_MORE)
			break;
		want = head->packed_len;
	} while (f->feed.len >= want || !f->feed.ended);
	if (head->kind == MEMBER_MORE || head->form != f->options.form)
		head->kind = MEMBER_FOREIGN;
	return 0;
}

static void note_seek(struct flow *f, const struct member_head *head)
{
	if (head->form == MEMBER_ZSTD)
		member_zstd_seek_add(&f->seek, head);
}

/* Hand the data member at the feed's start to the workers. */
static int start_member(struct flow *f, const struct member_head *head, struct err *e)
{
	f->hidden = false;
	note_seek(f, head);
	if (check_totals(f, head, e) || feed_need(&f->feed, head->packed_len, e))
		return -1;
	if (f->feed.len < head->packed_len)
		return bad_member(f, "it ends within a member", e);
	struct flow_group *g = f->free;
	f->free = g->next;
	g->packed = at_least(g->packed, &g->packed_cap, head->packed_len);
	g->raw = at_least(g->raw, &g->raw_cap, head->raw_len);
	memcpy(g->packed, feed_bytes(&f->feed), head->packed_len);
	g->offset = f->feed.offset;
	feed_skip(&f->feed, head->packed_len);
	f->feed.piece = FEED_PIECE;
	g->head = *head;
	g->number = f->number++;
	g->raw_offset = f->raw_offset;
	f->raw_offset += head->raw_len;
	g->next = NULL;
	g->job.run = open_member;
	if (f->last)
		f->last->next = g;
	else
		f->first = g;
	f->last = g;
	f->waiting++;
	pool_submit(f->options.pool, &g->job);
	return 0;
}

/* The footer at the feed's start, and the seek table behind it. */
static int pass_footer(struct flow *f, struct err *e)
{
	struct index_footer footer;
	BUF_AUTO table = buf_make(SEEK_MAX + MEMBER_ZSTD_SEEK_EXTRA);
	struct member_head head = member_look(feed_bytes(&f->feed), f->feed.len);
	if (index_footer_parse(feed_bytes(&f->feed), f->feed.len, f->feed.offset, &footer, e) <=
	            0 ||
	    !f->hidden || footer.index_off != f->hidden_at)
		return bad_member(f, "the footer is broken", e);
	feed_skip(&f->feed, head.packed_len);
	if (head.form == MEMBER_ZSTD)
		member_zstd_seek_format(&f->seek, &table);
	if (feed_need(&f->feed, table.len + 1, e))
		return -1;
	if (f->feed.len < table.len ||
	    (table.len > 0 && memcmp(feed_bytes(&f->feed), table.p, table.len) != 0))
		return bad_member(f, "the seek table is not that of these frames", e);
	feed_skip(&f->feed, table.len);
	return f->feed.len == 0 ? 0 : bad_member(f, "there is something behind its end", e);
}

/* A member of the index, or the footer, which nothing follows. */
static int pass_hidden(struct flow *f, const struct member_head *head, struct err *e)
{
	if (feed_need(&f->feed, head->packed_len, e))
		return -1;
	if (f->feed.len < head->packed_len ||
	    member_payload(feed_bytes(&f->feed), head->packed_len).len == 0)
		return bad_member(f, "the index is broken or cut off", e);
	note_seek(f, head);
	f->ended = head->kind == MEMBER_FOOTER;
	if (f->ended)
		return pass_footer(f, e);
	if (!f->hidden)
		f->hidden_at = f->feed.offset;
	f->hidden = true;
	feed_skip(&f->feed, head->packed_len);
	return 0;
}

static const char *what_is_wrong(const struct flow *f)
{
	if (f->hidden)
		return f->feed.len ? "the index is broken" : "the footer is missing";
	return f->feed.len < MEMBER_HEAD ? "it is cut off" : "no member of ours begins here";
}

static int start_next(struct flow *f, struct err *e)
{
	struct member_head head;
	if (look(f, &head, e))
		return -1;
	if (f->feed.len == 0 && f->options.end != UINT64_MAX) {
		f->ended = true;
		return 0;
	}
	if (head.kind == MEMBER_DATA)
		return start_member(f, &head, e);
	if (head.kind == MEMBER_FOREIGN)
		return bad_member(f, what_is_wrong(f), e);
	return pass_hidden(f, &head, e);
}

int flow_next(struct flow *f, struct flow_group **out, struct err *e)
{
	while (!f->ended && f->free && f->waiting <= f->options.ahead)
		if (start_next(f, e))
			return -1;
	struct flow_group *g = f->first;
	if (!g) {
		assert(f->ended);
		return 0;
	}
	f->first = g->next;
	if (!f->first)
		f->last = NULL;
	f->waiting--;
	g->holds = 1;
	*out = g;
	if (pool_wait(f->options.pool, &g->job, e)) {
		flow_drop(g);
		return -1;
	}
	return 1;
}

void flow_hold(struct flow_group *g)
{
	g->holds++;
}

void flow_drop(struct flow_group *g)
{
	assert(g->holds > 0);
	if (--g->holds > 0)
		return;
	g->next = g->flow->free;
	g->flow->free = g;
}
