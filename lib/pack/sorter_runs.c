/* Reading runs side by side: a heap of one record of each. */
#include "base/mem.h"
#include "os/file.h"
#include "pack/sorter_parts.h"
#include "pack/wire.h"

enum { READ_STEP = 16 * 1024 };

void sorter_close_runs(struct sorter *s)
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

/* Have `len` bytes of the present piece at hand. */
static int need(const struct sorter *s, struct sorter_cursor *c, size_t len, struct err *e)
{
	size_t have = c->bytes.len - c->used, got;
	if (have >= len)
		return 0;
	buf_consume(&c->bytes, c->used);
	c->used = 0;
	size_t want = len - have > READ_STEP ? len - have : READ_STEP;
	if (want > c->end - c->at)
		want = (size_t)(c->end - c->at);
	if (file_pread(s->file->fd, buf_room(&c->bytes, want), want, c->at, &got, e, sorter_what))
		return -1;
	buf_grew(&c->bytes, got);
	c->at += got;
	return have + got >= len ? 0 : err_set(e, ERR_KIND_IO, "%s was cut", sorter_what);
}

/* The next record of a run: 1, 0, -1. */
static int advance(const struct sorter *s, struct sorter_cursor *c, struct err *e)
{
	if (c->used == c->bytes.len && c->at == c->end) {
		if (c->piece == c->run->count)
			return 0;
		const struct sorter_piece *piece = &c->run->pieces[c->piece++];
		c->at = piece->at;
		c->end = piece->at + piece->len;
	}
	if (need(s, c, SORTER_LENGTH, e))
		return -1;
	size_t len = wire_u32((const unsigned char *)c->bytes.p + c->used);
	if (need(s, c, SORTER_LENGTH + len, e))
		return -1;
	c->record = str_from(c->bytes.p + c->used + SORTER_LENGTH, len);
	c->used += SORTER_LENGTH + len;
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

int sorter_open_runs(struct sorter *s, struct err *e)
{
	sorter_close_runs(s);
	s->cursors = mem_new(s->run_count, sizeof(s->cursors[0]));
	s->heap = mem_new(s->run_count, sizeof(s->heap[0]));
	for (size_t i = 0; i < s->run_count; i++) {
		s->cursors[i] = (struct sorter_cursor){ .run = &s->runs[i] };
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

int sorter_next_of_runs(struct sorter *s, struct str *record, struct err *e)
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
