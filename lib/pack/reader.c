/* One face for our archives and for others'. */
#include "pack/reader.h"

#include <string.h>

#include "base/mem.h"
#include "os/sys.h"
#include "pack/names.h"
#include "pack/reader_parts.h"
#include "pack/replay.h"

enum { QUEUE_PER_JOB = 8 };

static int read_start(struct reader *r, struct err *e)
{
	struct source *s = r->source;
	if (s->read_at(s, 0, r->start, sizeof(r->start), &r->start_len, e))
		return err_context(e, "read the archive");
	if (s->sequential) {
		r->replay = replay_new(s, r->start, r->start_len);
		r->source = r->replay;
	}
	return 0;
}

/* An index at the end tells that it is ours; without one its first member does. */
static int recognise(struct reader *r, bool foreign, struct err *e)
{
	if (!foreign) {
		int found = index_open(r->source, &r->limits, &r->index, e);
		r->ours = found > 0;
		if (found != 0)
			return found < 0 ? -1 : 0;
	}
	if (read_start(r, e))
		return -1;
	/* A zstd frame of ours is like any other; only the index tells. */
	struct member_head head = member_look(r->start, r->start_len);
	r->ours = !foreign && head.kind == MEMBER_DATA && head.form == MEMBER_GZIP;
	return 0;
}

int reader_open(struct source *source, const struct reader_options *options, struct reader **out,
                struct err *e)
{
	struct reader *r = mem_new(1, sizeof(*r));
	*out = r;
	r->source = source;
	r->limits = options->limits ? *options->limits : limits_default();
	r->progress = options->progress;
	r->jobs = options->jobs ? options->jobs : sys_cpu_count();
	r->name = buf_make((size_t)r->limits.max_name_bytes);
	if (recognise(r, options->foreign, e) == 0 && (r->ours || reader_start(r, e) == 0))
		return 0;
	reader_close(r);
	*out = NULL;
	return -1;
}

bool reader_is_indexed(const struct reader *r)
{
	return r->index != NULL;
}

enum member_form reader_form(const struct reader *r)
{
	return r->index ? index_form(r->index) : MEMBER_GZIP;
}

int reader_need_pool(struct reader *r, struct err *e)
{
	if (r->pool)
		return 0;
	return pool_open(r->jobs, 0, (size_t)r->jobs * QUEUE_PER_JOB, &r->pool, e);
}

static int start_ours(struct reader *r, struct err *e)
{
	struct flow *flow;
	if (reader_need_pool(r, e))
		return -1;
	struct flow_options how = {
		.form = reader_form(r),
		.limits = &r->limits,
		.pool = r->pool,
		.ahead = r->jobs,
		.kept_max = r->kept_max + 2,
		.progress = r->progress,
		.end = UINT64_MAX,
	};
	if (flow_open(r->source, &how, &flow, e))
		return -1;
	scan_init(&r->scan, flow, r->index ? index_cursor_new(r->index) : NULL, &r->limits);
	return 0;
}

int reader_start(struct reader *r, struct err *e)
{
	struct str start = str_from(r->start, r->start_len);
	if (r->started)
		return 0;
	int rc = r->ours ? start_ours(r, e)
	                 : foreign_open(r->source, start, &r->limits, r->progress, &r->foreign, e);
	r->started = rc == 0;
	return rc;
}

void reader_stop(struct reader *r)
{
	if (!r->started)
		return;
	if (r->ours)
		scan_free(&r->scan);
	else
		foreign_close(r->foreign);
	r->foreign = NULL;
	r->started = false;
	r->guard = (struct guard){ .entries = 0 };
}

void reader_close(struct reader *r)
{
	if (!r)
		return;
	reader_stop(r);
	index_cursor_free(r->listing);
	index_close(r->index);
	pool_close(r->pool);
	source_close(&r->replay);
	buf_free(&r->name);
	mem_free(r);
}

void reader_close_auto(struct reader **r)
{
	reader_close(*r);
	*r = NULL;
}

/* Nothing of the present entry's content has been given yet. */
static void begin_content(struct reader *r, const struct entry *entry)
{
	r->entry = entry;
	r->stored_at = r->extent_at = r->pos = 0;
	r->extent = 0;
	r->rest_len = 0;
	r->piece.len = 0;
	err_clear(&r->held);
}

int reader_next(struct reader *r, const struct entry **entry, struct err *e)
{
	if (reader_start(r, e))
		return -1;
	int rc = r->ours ? scan_entry(&r->scan, e) : foreign_next(r->foreign, entry, e);
	if (rc <= 0)
		return rc;
	if (r->ours)
		*entry = &r->scan.head.entry;
	begin_content(r, *entry);
	return guard_entry(&r->guard, &r->limits, *entry, e) ? -1 : 1;
}

/* Cut the next piece off r->rest, stored bytes of a sparse file: it ends where its extent ends. */
static void place_sparse(struct reader *r, struct reader_piece *out)
{
	const struct entry *entry = &r->scan.head.entry;
	while (r->extent_at == entry->extents[r->extent].len) {
		r->extent++;
		r->extent_at = 0;
	}
	const struct entry_extent *x = &entry->extents[r->extent];
	uint64_t left = x->len - r->extent_at;
	out->p = r->rest;
	out->len = r->rest_len < left ? r->rest_len : (size_t)left;
	out->offset = x->offset + r->extent_at;
	r->extent_at += out->len;
}

static int piece_of_ours(struct reader *r, struct reader_piece *out, struct err *e)
{
	const struct tar_head *head = &r->scan.head;
	while (r->rest_len == 0) {
		int rc = scan_data(&r->scan, &r->rest, &r->rest_len, e);
		if (rc <= 0)
			return rc;
		/* The map is passed over. */
		uint64_t map = r->stored_at < head->map_bytes ? head->map_bytes - r->stored_at : 0;
		size_t skip = map < r->rest_len ? (size_t)map : r->rest_len;
		r->stored_at += skip;
		r->rest += skip;
		r->rest_len -= skip;
	}
	*out = (struct reader_piece){ r->rest, r->rest_len, r->stored_at };
	if (head->entry.extents)
		place_sparse(r, out);
	r->stored_at += out->len;
	r->rest += out->len;
	r->rest_len -= out->len;
	return 1;
}

int reader_piece(struct reader *r, struct reader_piece *out, struct err *e)
{
	int rc = r->ours ? piece_of_ours(r, out, e)
	                 : foreign_data(r->foreign, &out->p, &out->len, &out->offset, e);
	if (rc < 0)
		return err_context(e, "'%s'", names_show(r->entry->path).text);
	return rc;
}

/* Have a piece that ends behind the position, when there is one. */
static int need_piece(struct reader *r, struct err *e)
{
	if (r->piece.len > 0)
		return 0;
	int rc = reader_piece(r, &r->piece, e);
	if (rc == 0)
		r->piece = (struct reader_piece){ .offset = r->entry->size_bytes };
	return rc < 0 ? -1 : 0;
}

int reader_read(struct reader *r, void *p, size_t len, size_t *got, struct err *e)
{
	unsigned char *out = p;
	*got = 0;
	if (err_is(&r->held)) {
		*e = r->held;
		return -1;
	}
	while (*got < len) {
		if (need_piece(r, e))
			return -1;
		uint64_t hole = r->piece.offset - r->pos;
		size_t want = len - *got;
		uint64_t have = hole > 0 ? hole : r->piece.len;
		size_t n = have < want ? (size_t)have : want;
		if (n == 0)
			return 0;
		if (hole > 0) {
			memset(out + *got, 0, n);
		} else {
			memcpy(out + *got, r->piece.p, n);
			r->piece.p += n;
			r->piece.offset += n;
			r->piece.len -= n;
		}
		r->pos += n;
		*got += n;
	}
	return 0;
}

uint64_t reader_hole(struct reader *r)
{
	if (err_is(&r->held) || need_piece(r, &r->held))
		return 0;
	uint64_t hole = r->piece.offset - r->pos;
	r->pos += hole;
	return hole;
}
