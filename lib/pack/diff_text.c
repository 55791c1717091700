/* E. W. Myers, "An O(ND) Difference Algorithm and Its Variations" (1986), the greedy form: the furthest reaching paths of each
 * number of edits are kept, and the path is read from them backwards. */
#include "pack/diff_text.h"

#include <string.h>

#include "base/mem.h"

enum { BINARY_LOOK = 8000, EDITS_MAX = 2000 };

struct line {
	struct str text; /* with its newline, which the last one may lack */
	uint64_t hash;
	bool changed; /* removed, or added */
};

struct lines {
	struct line *list;
	size_t count;
};

bool diff_text_is_binary(struct str text)
{
	return str_index(str_head(text, BINARY_LOOK), '\0') >= 0;
}

/* FNV-1a: only to compare quickly; equal hashes are looked at. */
static uint64_t hash_of(struct str s)
{
	uint64_t h = 14695981039346656037ULL;
	for (size_t i = 0; i < s.len; i++)
		h = (h ^ (unsigned char)s.p[i]) * 1099511628211ULL;
	return h;
}

static void split(struct str text, struct lines *out)
{
	size_t count = 0;
	for (size_t i = 0; i < text.len; i++)
		count += text.p[i] == '\n';
	out->list = mem_new(count + 1, sizeof(out->list[0]));
	out->count = 0;
	while (text.len > 0) {
		ptrdiff_t end = str_index(text, '\n');
		struct str line = end < 0 ? text : str_head(text, (size_t)end + 1);
		out->list[out->count++] = (struct line){ line, hash_of(line), false };
		text = str_skip(text, line.len);
	}
}

static bool same(const struct line *a, const struct line *b)
{
	return a->hash == b->hash && str_eq(a->text, b->text);
}

/* ---- the shortest edit ---- */

/* What is left between the equal beginnings and ends of both. */
struct middle {
	struct line *a, *b;
	int a_count, b_count;
	int *trace; /* of d edits, d + 1 places: how far in `a` each diagonal -d, -d+2 … d comes */
};

static int *row_of(const struct middle *m, int d)
{
	return m->trace + (size_t)d * ((size_t)d + 1) / 2;
}

/* How far diagonal k comes with d edits. */
static int advance(const struct middle *m, int d, int k)
{
	const int *before = d > 0 ? row_of(m, d - 1) : NULL;
	int i = (k + d) / 2, x = 0;
	/* From diagonal k+1 a line of b is added, from k-1 one of a is removed. */
	if (d > 0)
		x = k == -d || (k != d && before[i - 1] < before[i]) ? before[i]
		                                                     : before[i - 1] + 1;
	while (x < m->a_count && x - k < m->b_count && same(&m->a[x], &m->b[x - k]))
		x++;
	return x;
}

/* Whether d edits are enough; fills in their row. */
static bool reaches(struct middle *m, int d)
{
	int *row = row_of(m, d);
	for (int k = -d; k <= d; k += 2) {
		int x = advance(m, d, k);
		/* Diagonals outside stay so: they are never taken for the best. */
		row[(k + d) / 2] = x;
		if (k == m->a_count - m->b_count && x >= m->a_count)
			return true;
	}
	return false;
}

static void mark_path(struct middle *m, int d)
{
	int k = m->a_count - m->b_count;
	for (; d > 0; d--) {
		const int *before = row_of(m, d - 1);
		int i = (k + d) / 2;
		bool added = k == -d || (k != d && before[i - 1] < before[i]);
		int x = added ? before[i] : before[i - 1];
		k += added ? 1 : -1;
		if (added)
			m->b[x - k].changed = true;
		else
			m->a[x].changed = true;
	}
}

static void mark_all(struct middle *m)
{
	for (int i = 0; i < m->a_count; i++)
		m->a[i].changed = true;
	for (int i = 0; i < m->b_count; i++)
		m->b[i].changed = true;
}

static void compare(struct middle *m)
{
	int most = m->a_count + m->b_count < EDITS_MAX ? m->a_count + m->b_count : EDITS_MAX;
	size_t cap = 0;
	for (int d = 0; d <= most; d++) {
		size_t need = ((size_t)d + 1) * ((size_t)d + 2) / 2;
		if (need > cap) {
			cap = 2 * need;
			m->trace = mem_grow(m->trace, cap, sizeof(m->trace[0]));
		}
		if (!reaches(m, d))
			continue;
		mark_path(m, d);
		return;
	}
	mark_all(m);
}

static void mark(struct lines *a, struct lines *b)
{
	size_t head = 0, tail = 0, most = a->count < b->count ? a->count : b->count;
	while (head < most && same(&a->list[head], &b->list[head]))
		head++;
	while (tail < most - head &&
	       same(&a->list[a->count - 1 - tail], &b->list[b->count - 1 - tail]))
		tail++;
	struct middle m = {
		.a = a->list + head,
		.b = b->list + head,
		.a_count = (int)(a->count - head - tail),
		.b_count = (int)(b->count - head - tail),
	};
	compare(&m);
	mem_free(m.trace);
}

/* ---- hunks ---- */

static void add_line(struct buf *out, char sign, struct str line)
{
	buf_add_char(out, sign);
	buf_add_str(out, line);
	if (!str_ends(line, S("\n")))
		buf_add_text(out, "\n\\ No newline at end of file\n");
}

/* "12,3"; of nothing the line before is named. */
static void add_range(struct buf *out, char sign, size_t from, size_t count)
{
	buf_printf(out, "%c%zu", sign, count > 0 ? from + 1 : from);
	if (count != 1)
		buf_printf(out, ",%zu", count);
}

/* Lines [i, i_end) of a and [j, j_end) of b. */
static void add_hunk(const struct lines *a, size_t i, size_t i_end, const struct lines *b, size_t j,
                     size_t j_end, struct buf *out)
{
	buf_add_text(out, "@@ ");
	add_range(out, '-', i, i_end - i);
	buf_add_char(out, ' ');
	add_range(out, '+', j, j_end - j);
	buf_add_text(out, " @@\n");
	while (i < i_end || j < j_end) {
		if (i < i_end && a->list[i].changed) {
			add_line(out, '-', a->list[i++].text);
		} else if (j < j_end && b->list[j].changed) {
			add_line(out, '+', b->list[j++].text);
		} else {
			add_line(out, ' ', a->list[i++].text);
			j++;
		}
	}
}

/* Over what is changed at both places, to the next line that both have. */
static void pass_changed(const struct lines *a, size_t *i, const struct lines *b, size_t *j)
{
	while (*i < a->count && a->list[*i].changed)
		++*i;
	while (*j < b->count && b->list[*j].changed)
		++*j;
}

/* How many lines from `i` on both have, at most `most`. */
static size_t run_of(const struct lines *a, size_t i, const struct lines *b, size_t j, size_t most)
{
	size_t n = 0;
	while (n < most && i + n < a->count && !a->list[i + n].changed && j + n < b->count &&
	       !b->list[j + n].changed)
		n++;
	return n;
}

static void add_hunks(const struct lines *a, const struct lines *b, struct buf *out)
{
	size_t i = 0, j = 0;
	for (;;) {
		size_t equal = run_of(a, i, b, j, SIZE_MAX);
		i += equal;
		j += equal;
		if (i == a->count && j == b->count)
			return;
		size_t before = equal < DIFF_TEXT_CONTEXT ? equal : DIFF_TEXT_CONTEXT;
		size_t from_i = i - before, from_j = j - before, after;
		/* Changes that are closer than two contexts are one hunk. */
		for (;;) {
			pass_changed(a, &i, b, &j);
			after = run_of(a, i, b, j, 2 * DIFF_TEXT_CONTEXT + 1);
			bool more = i + after < a->count || j + after < b->count;
			if (after > 2 * DIFF_TEXT_CONTEXT || !more)
				break;
			i += after;
			j += after;
		}
		after = after < DIFF_TEXT_CONTEXT ? after : DIFF_TEXT_CONTEXT;
		i += after;
		j += after;
		add_hunk(a, from_i, i, b, from_j, j, out);
	}
}

void diff_text_hunks(struct str a, struct str b, struct buf *out)
{
	struct lines before, after;
	split(a, &before);
	split(b, &after);
	mark(&before, &after);
	add_hunks(&before, &after, out);
	mem_free(before.list);
	mem_free(after.list);
}
