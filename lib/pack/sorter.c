/* Runs, and their merge. In memory and in the file a record begins with its length. */
#include "pack/sorter.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "os/dir.h"
#include "os/log.h"
#include "os/sys.h"
#include "pack/wire.h"

enum { RUN_BYTES = 4 << 20, RUNS_MAX = 256, READ_STEP = 16 * 1024, LENGTH = 4 };

static const char what[] = "the temporary file for long lists (TMPDIR can name another place)";

/* Sorted records, in pieces of the file; none of them lies in two. */
struct run {
	struct piece {
		uint64_t at;
		size_t len;
	} * pieces;
	size_t count, cap;
};

struct cursor {
	const struct run *run;
	size_t piece;     /* the next one */
	uint64_t at, end; /* what is left of the present one, behind `bytes` */
	struct buf bytes;
	size_t used;
	struct str record;
};

struct sorter {
	struct sorter_file *file;
	sorter_cmp *cmp;
	struct buf bytes; /* what is not in the file */
	size_t *places;   /* where its records begin */
	size_t count, cap;
	bool ordered;    /* they came in order */
	struct buf last; /* of the newest run */
	struct buf scratch;
	struct run runs[RUNS_MAX];
	size_t run_count;
	/* While it is read: the present record, or of each run one, the least of them first. */
	size_t present;
	struct cursor *cursors;
	size_t cursor_count, *heap, heap_count;
	bool taken; /* the first of the heap was given out */
};

/* ---- the file ---- */

struct sorter_file sorter_file_open(void)
{
	const char *const places[] = { sys_env("TMPDIR"), "/var/tmp", "/tmp", "." };
	struct sorter_file f = { .fd = -1 };
	for (size_t i = 0; i < COUNTOF(places) && f.fd < 0; i++) {
		FD_AUTO dir = -1;
		struct err why = ERR_INIT;
		if (places[i] && places[i][0] &&
		    (dir_open_root(places[i], &dir, &why) || dir_create_nameless(dir, &f.fd, &why)))
			log_debug("no temporary file in %s: %s", places[i], why.msg);
	}
	return f;
}

void sorter_file_close(struct sorter_file *f)
{
	file_close_auto(&f->fd);
}

/* ---- life ---- */

static int all_equal(struct str a, struct str b)
{
	(void)a;
	(void)b;
	return 0;
}

struct sorter *sorter_new(struct sorter_file *file, sorter_cmp *cmp)
{
	struct sorter *s = mem_new(1, sizeof(*s));
	s->file = file;
	s->cmp = cmp ? cmp : all_equal;
	s->bytes = s->last = s->scratch = buf_make(SIZE_MAX / 2);
	s->ordered = true;
	return s;
}

static void drop_cursors(struct sorter *s)
{
	for (size_t i = 0; i < s->cursor_count; i++)
		buf_free(&s->cursors[i].bytes);
	mem_free(s->cursors);
	mem_free(s->heap);
	s->cursors = NULL;
	s->heap = NULL;
	s->cursor_count = s->heap_count = 0;
	s->taken = false;
}

static void drop_runs(struct sorter *s)
{
	for (size_t i = 0; i < s->run_count; i++)
		mem_free(s->runs[i].pieces);
	s->run_count = 0;
}

static void drop_memory(struct sorter *s)
{
	buf_free(&s->bytes);
	s->bytes = buf_make(SIZE_MAX / 2);
	mem_free(s->places);
	s->places = NULL;
	s->count = s->cap = 0;
	s->ordered = true;
}

void sorter_free(struct sorter *s)
{
	if (!s)
		return;
	drop_cursors(s);
	drop_runs(s);
	drop_memory(s);
	buf_free(&s->last);
	buf_free(&s->scratch);
	mem_free(s);
}

void sorter_free_auto(struct sorter **s)
{
	sorter_free(*s);
}

/* ---- what is in memory ---- */

static struct str record_at(const struct sorter *s, size_t place)
{
	const char *p = s->bytes.p + place;
	return str_from(p + LENGTH, wire_u32((const unsigned char *)p));
}

/* Merge [from, mid) and [mid, to) of `in`, each in order, to the same place of `out`. */
static void merge(const struct sorter *s, const size_t *in, size_t *out, size_t from, size_t mid,
                  size_t to)
{
	size_t a = from, b = mid;
	for (size_t i = from; i < to; i++) {
		bool first = b == to ||
		             (a < mid && s->cmp(record_at(s, in[a]), record_at(s, in[b])) <= 0);
		out[i] = first ? in[a++] : in[b++];
	}
}

/* A merge sort: equal records keep their order. */
static void sort(struct sorter *s)
{
	if (s->ordered)
		return;
	size_t *in = s->places, *out = mem_new(s->count, sizeof(out[0]));
	for (size_t width = 1; width < s->count; width *= 2) {
		for (size_t from = 0; from < s->count; from += 2 * width) {
			size_t left = s->count - from;
			size_t mid = from + (left < width ? left : width);
			size_t to = from + (left < 2 * width ? left : 2 * width);
			merge(s, in, out, from, mid, to);
		}
		size_t *turned = in;
		in = out;
		out = turned;
	}
	s->places = in;
	s->cap = s->count;
	mem_free(out);
}

/* Put the sorted records at the end of the file. */
static int put_out(struct sorter *s, struct piece *out, struct err *e)
{
	BUF_AUTO copy = buf_make(SIZE_MAX / 2);
	const struct buf *from = &s->bytes;
	if (!s->ordered) {
		char *to = buf_room(&copy, s->bytes.len);
		for (size_t i = 0; i < s->count; i++) {
			struct str record = record_at(s, s->places[i]);
			memcpy(to, record.p - LENGTH, record.len + LENGTH);
			to += record.len + LENGTH;
		}
		buf_grew(&copy, s->bytes.len);
		from = &copy;
	}
	*out = (struct piece){ s->file->end, from->len };
	if (file_pwrite(s->file->fd, from->p, from->len, s->file->end, e, what))
		return -1;
	s->file->end += from->len;
	return 0;
}

static void add_piece(struct run *r, struct piece piece)
{
	if (r->count == r->cap) {
		r->cap = r->cap ? 2 * r->cap : 4;
		r->pieces = mem_grow(r->pieces, r->cap, sizeof(r->pieces[0]));
	}
	r->pieces[r->count++] = piece;
}

/* What is in memory goes into the file: to the end of the newest run when it fits there, else it is a new one. */
static int spill(struct sorter *s, struct err *e)
{
	struct piece piece;
	if (s->count == 0)
		return 0;
	sort(s);
	struct str first = record_at(s, s->places[0]), last = record_at(s, s->places[s->count - 1]);
	if (s->run_count == 0 || s->cmp(buf_str(&s->last), first) > 0)
		s->runs[s->run_count++] = (struct run){ .pieces = NULL };
	if (put_out(s, &piece, e))
		return -1;
	add_piece(&s->runs[s->run_count - 1], piece);
	buf_clear(&s->last);
	buf_add_str(&s->last, last);
	buf_clear(&s->bytes);
	s->count = 0;
	s->ordered = true;
	return 0;
}

static void keep(struct sorter *s, struct str record)
{
	if (s->count == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 256;
		s->places = mem_grow(s->places, s->cap, sizeof(s->places[0]));
	}
	if (s->count > 0 && s->ordered)
		s->ordered = s->cmp(record_at(s, s->places[s->count - 1]), record) <= 0;
	s->places[s->count++] = s->bytes.len;
	wire_add_u32(&s->bytes, (uint32_t)record.len);
	buf_add_str(&s->bytes, record);
}

/* ---- reading runs ---- */

/* Have `len` bytes of the present piece at hand. */
static int need(const struct sorter *s, struct cursor *c, size_t len, struct err *e)
{
	size_t have = c->bytes.len - c->used, got;
	if (have >= len)
		return 0;
	buf_consume(&c->bytes, c->used);
	c->used = 0;
	size_t want = len - have > READ_STEP ? len - have : READ_STEP;
	if (want > c->end - c->at)
		want = (size_t)(c->end - c->at);
	if (file_pread(s->file->fd, buf_room(&c->bytes, want), want, c->at, &got, e, what))
		return -1;
	buf_grew(&c->bytes, got);
	c->at += got;
	return have + got >= len ? 0 : err_set(e, ERR_KIND_IO, "%s was cut", what);
}

/* The next record of a run: 1, 0, -1. */
static int advance(const struct sorter *s, struct cursor *c, struct err *e)
{
	if (c->used == c->bytes.len && c->at == c->end) {
		if (c->piece == c->run->count)
			return 0;
		const struct piece *piece = &c->run->pieces[c->piece++];
		c->at = piece->at;
		c->end = piece->at + piece->len;
	}
	if (need(s, c, LENGTH, e))
		return -1;
	size_t len = wire_u32((const unsigned char *)c->bytes.p + c->used);
	if (need(s, c, LENGTH + len, e))
		return -1;
	c->record = str_from(c->bytes.p + c->used + LENGTH, len);
	c->used += LENGTH + len;
	return 1;
}

static bool is_before(const struct sorter *s, size_t a, size_t b)
{
	int order = s->cmp(s->cursors[a].record, s->cursors[b].record);
	return order ? order < 0 : a < b;
}

/* Let what is at `i` of the heap sink to where it belongs. */
static void sink(struct sorter *s, size_t i)
{
	for (;;) {
		size_t least = i;
		for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < s->heap_count; child++)
			if (is_before(s, s->heap[child], s->heap[least]))
				least = child;
		if (least == i)
			return;
		size_t moved = s->heap[i];
		s->heap[i] = s->heap[least];
		s->heap[least] = moved;
		i = least;
	}
}

static int open_runs(struct sorter *s, struct err *e)
{
	drop_cursors(s);
	s->cursors = mem_new(s->run_count, sizeof(s->cursors[0]));
	s->heap = mem_new(s->run_count, sizeof(s->heap[0]));
	for (size_t i = 0; i < s->run_count; i++) {
		s->cursors[i] = (struct cursor){ .run = &s->runs[i] };
		s->cursors[i].bytes = buf_make(SIZE_MAX / 2);
		s->cursor_count++;
		if (advance(s, &s->cursors[i], e) < 0)
			return -1;
		s->heap[s->heap_count++] = i;
	}
	for (size_t i = s->heap_count; i-- > 0;)
		sink(s, i);
	return 0;
}

static int next_of_runs(struct sorter *s, struct str *record, struct err *e)
{
	if (s->taken) {
		int rc = advance(s, &s->cursors[s->heap[0]], e);
		if (rc < 0)
			return -1;
		if (rc == 0)
			s->heap[0] = s->heap[--s->heap_count];
		sink(s, 0);
	}
	s->taken = s->heap_count > 0;
	if (s->taken)
		*record = s->cursors[s->heap[0]].record;
	return s->taken;
}

/* Make one run of all, so that they don't get too many to be read at once. */
static int merge_runs(struct sorter *s, struct err *e)
{
	struct sorter one = { .file = s->file, .cmp = s->cmp, .ordered = true };
	struct str record;
	int rc = open_runs(s, e);
	one.bytes = one.last = buf_make(SIZE_MAX / 2);
	while (rc == 0 && (rc = next_of_runs(s, &record, e)) > 0)
		rc = sorter_add(&one, record, e);
	if (rc == 0)
		rc = spill(&one, e);
	drop_cursors(s);
	drop_memory(&one);
	if (rc == 0) {
		drop_runs(s);
		s->runs[s->run_count++] = one.runs[0];
	} else {
		drop_runs(&one);
	}
	buf_free(&one.last);
	return rc;
}

/* ---- all of them ---- */

struct buf *sorter_scratch(struct sorter *s)
{
	buf_clear(&s->scratch);
	return &s->scratch;
}

int sorter_add(struct sorter *s, struct str record, struct err *e)
{
	size_t more = LENGTH + record.len + sizeof(s->places[0]);
	size_t has = s->bytes.len + s->count * sizeof(s->places[0]);
	size_t limit = s->file->run_bytes ? s->file->run_bytes : RUN_BYTES;
	if (s->file->fd >= 0 && has + more > limit &&
	    (spill(s, e) || (s->run_count == RUNS_MAX && merge_runs(s, e))))
		return -1;
	keep(s, record);
	return 0;
}

int sorter_rewind(struct sorter *s, struct err *e)
{
	s->present = 0;
	if (s->run_count == 0) {
		sort(s);
		s->ordered = true;
		return 0;
	}
	if (spill(s, e))
		return -1;
	drop_memory(s);
	return open_runs(s, e);
}

int sorter_next(struct sorter *s, struct str *record, struct err *e)
{
	if (s->run_count > 0)
		return next_of_runs(s, record, e);
	if (s->present == s->count)
		return 0;
	*record = record_at(s, s->places[s->present++]);
	return 1;
}
