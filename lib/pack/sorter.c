/* Runs, and their merge. In memory and in the file a record begins with its length. */
#include "pack/sorter_parts.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "os/dir.h"
#include "os/log.h"
#include "os/sys.h"
#include "pack/wire.h"

enum { RUN_BYTES = 4 << 20 };

const char sorter_what[] = "the temporary file for long lists (TMPDIR can name another place)";

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
	sorter_close_runs(s);
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
	return str_from(p + SORTER_LENGTH, wire_u32((const unsigned char *)p));
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
static int put_out(struct sorter *s, struct sorter_piece *out, struct err *e)
{
	BUF_AUTO copy = buf_make(SIZE_MAX / 2);
	const struct buf *from = &s->bytes;
	if (!s->ordered) {
		char *to = buf_room(&copy, s->bytes.len);
		for (size_t i = 0; i < s->count; i++) {
			struct str record = record_at(s, s->places[i]);
			memcpy(to, record.p - SORTER_LENGTH, record.len + SORTER_LENGTH);
			to += record.len + SORTER_LENGTH;
		}
		buf_grew(&copy, s->bytes.len);
		from = &copy;
	}
	*out = (struct sorter_piece){ s->file->end, from->len };
	if (file_pwrite(s->file->fd, from->p, from->len, s->file->end, e, sorter_what))
		return -1;
	s->file->end += from->len;
	return 0;
}

static void add_piece(struct sorter_run *r, struct sorter_piece piece)
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
	struct sorter_piece piece;
	if (s->count == 0)
		return 0;
	sort(s);
	struct str first = record_at(s, s->places[0]), last = record_at(s, s->places[s->count - 1]);
	if (s->run_count == 0 || s->cmp(buf_str(&s->last), first) > 0)
		s->runs[s->run_count++] = (struct sorter_run){ .pieces = NULL };
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

/* Make one run of all, so that they don't get too many to be read at once. */
static int merge_runs(struct sorter *s, struct err *e)
{
	struct sorter one = { .file = s->file, .cmp = s->cmp, .ordered = true };
	struct str record;
	int rc = sorter_open_runs(s, e);
	one.bytes = one.last = buf_make(SIZE_MAX / 2);
	while (rc == 0 && (rc = sorter_next_of_runs(s, &record, e)) > 0)
		rc = sorter_add(&one, record, e);
	if (rc == 0)
		rc = spill(&one, e);
	sorter_close_runs(s);
	drop_memory(&one);
	if (rc == 0) {
		drop_runs(s);
		s->runs[s->run_count++] = one.runs[0];
		buf_clear(&s->last);
		buf_add_str(&s->last, buf_str(&one.last));
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
	size_t more = SORTER_LENGTH + record.len + sizeof(s->places[0]);
	size_t has = s->bytes.len + s->count * sizeof(s->places[0]);
	size_t limit = s->file->run_bytes ? s->file->run_bytes : RUN_BYTES;
	if (s->file->fd >= 0 && has + more > limit &&
	    (spill(s, e) || (s->run_count == SORTER_RUNS_MAX && merge_runs(s, e))))
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
	return sorter_open_runs(s, e);
}

int sorter_next(struct sorter *s, struct str *record, struct err *e)
{
	if (s->run_count > 0)
		return sorter_next_of_runs(s, record, e);
	if (s->present == s->count)
		return 0;
	*record = record_at(s, s->places[s->present++]);
	return 1;
}
