/* Counting long work, and one line that tells how far it is. */
#include "base/progress.h"

#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "base/str.h"
#include "base/utf8.h"

void progress_add(struct progress *p, uint64_t bytes, uint64_t items)
{
	if (!p)
		return;
	atomic_fetch_add_explicit(&p->done_bytes, bytes, memory_order_relaxed);
	atomic_fetch_add_explicit(&p->done_items, items, memory_order_relaxed);
}

void progress_expect(struct progress *p, uint64_t bytes, uint64_t items)
{
	if (!p)
		return;
	atomic_fetch_add_explicit(&p->total_bytes, bytes, memory_order_relaxed);
	atomic_fetch_add_explicit(&p->total_items, items, memory_order_relaxed);
}

/* a * b / c, near enough for people; what is too large becomes the largest value. */
static uint64_t scale(uint64_t a, uint64_t b, uint64_t c)
{
	double value = (double)a * (double)b / (double)c;
	return value >= (double)UINT64_MAX ? UINT64_MAX : (uint64_t)value;
}

/* One line under construction. */
struct line {
	char *out;
	size_t cap;
	size_t len;
	unsigned columns_left;
	bool full; /* a piece did not fit, so none follows */
};

static void add_piece(struct line *line, const char *text)
{
	size_t len = strlen(text);
	size_t gap = line->len > 0 ? 2 : 0;
	size_t columns = gap + utf8_count(str_of(text));
	line->full =
		line->full || columns > line->columns_left || gap + len >= line->cap - line->len;
	if (line->full)
		return;
	memcpy(line->out + line->len, "  ", gap);
	memcpy(line->out + line->len + gap, text, len + 1);
	line->len += gap + len;
	line->columns_left -= (unsigned)columns;
}

/* The label, cut to what fits at a character. */
static void add_label(struct line *line, const char *label)
{
	struct str left = str_of(label);
	while (left.len > 0 && line->columns_left > 0) {
		size_t n = utf8_next(left, NULL);
		n = n > 0 ? n : 1;
		if (n >= line->cap - line->len)
			break;
		memcpy(line->out + line->len, left.p, n);
		line->len += n;
		line->columns_left--;
		left = str_skip(left, n);
	}
	line->out[line->len] = '\0';
	line->full = left.len > 0;
}

enum { PIECE_MAX = 2 * NUM_TEXT_MAX + 16 };

static void add_bytes(struct line *line, uint64_t done, uint64_t total)
{
	char piece[PIECE_MAX], a[NUM_TEXT_MAX], b[NUM_TEXT_MAX];
	num_format_size(done, a);
	if (total > 0)
		snprintf(piece, sizeof(piece), "%s of %s", a, num_format_size(total, b));
	else
		snprintf(piece, sizeof(piece), "%s", a);
	add_piece(line, piece);
}

static void add_items(struct line *line, uint64_t done, uint64_t total)
{
	char piece[PIECE_MAX];
	unsigned long long a = done, b = total;
	if (total > 0)
		snprintf(piece, sizeof(piece), "%llu of %llu", a, b);
	else
		snprintf(piece, sizeof(piece), "%llu", a);
	add_piece(line, piece);
}

static void add_percent(struct line *line, uint64_t done, uint64_t total)
{
	char piece[PIECE_MAX];
	if (total == 0)
		return;
	/* Work can grow after it was announced; over 100 would only puzzle. */
	uint64_t percent = done < total ? scale(done, 100, total) : 100;
	snprintf(piece, sizeof(piece), "%u%%", (unsigned)percent);
	add_piece(line, piece);
}

static void add_rate(struct line *line, uint64_t done, uint64_t elapsed_ms)
{
	char piece[PIECE_MAX], size[NUM_TEXT_MAX];
	snprintf(piece, sizeof(piece), "%s/s",
	         num_format_size(scale(done, 1000, elapsed_ms), size));
	add_piece(line, piece);
}

static void add_left(struct line *line, uint64_t done, uint64_t total, uint64_t elapsed_ms)
{
	char piece[PIECE_MAX], text[NUM_TEXT_MAX];
	if (done == 0 || done >= total)
		return;
	uint64_t left_ms = scale(total - done, elapsed_ms, done);
	if (left_ms > INT64_MAX / 2)
		return;
	/* Whole seconds: tenths would only flicker. */
	uint64_t left_s = (left_ms + 999) / 1000;
	if (left_s < 60)
		snprintf(piece, sizeof(piece), "%u s left", (unsigned)left_s);
	else
		snprintf(piece, sizeof(piece), "%s left",
		         num_format_duration((int64_t)left_s * 1000, text));
	add_piece(line, piece);
}

char *progress_format(const struct progress *p, int64_t now_ms, unsigned width, char *out,
                      size_t cap)
{
	if (cap == 0)
		return out;
	uint64_t bytes = atomic_load_explicit(&p->done_bytes, memory_order_relaxed);
	uint64_t items = atomic_load_explicit(&p->done_items, memory_order_relaxed);
	uint64_t all_bytes = atomic_load_explicit(&p->total_bytes, memory_order_relaxed);
	uint64_t all_items = atomic_load_explicit(&p->total_items, memory_order_relaxed);
	/* Bytes say more about what is left than items do. */
	bool by_bytes = all_bytes > 0 || (bytes > 0 && all_items == 0);
	uint64_t done = by_bytes ? bytes : items;
	uint64_t total = by_bytes ? all_bytes : all_items;
	uint64_t elapsed_ms = now_ms > p->started_ms ? (uint64_t)(now_ms - p->started_ms) : 0;

	struct line line = { .out = out, .cap = cap, .columns_left = width };
	add_label(&line, p->label ? p->label : "");
	if (by_bytes)
		add_bytes(&line, done, total);
	else
		add_items(&line, done, total);
	add_percent(&line, done, total);
	/* The first second says nothing about speed. */
	if (elapsed_ms < 1000)
		return out;
	if (bytes > 0)
		add_rate(&line, bytes, elapsed_ms);
	add_left(&line, done, total, elapsed_ms);
	return out;
}
