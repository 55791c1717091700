/* How long to wait. Pure. */
#include "gc/gc_backoff.h"

#include <stdio.h>
#include <string.h>

void gc_backoff_get(const struct js *note, struct gc_backoff *out)
{
	*out = (struct gc_backoff){ .passes = js_get_int(note, "vain_passes", 0) };
	out->last_ms = js_get_int(note, "vain_ms", 0);
	if (str_copy(js_get_str(note, "vain_marks"), out->marks, sizeof(out->marks)) != 0 ||
	    out->passes < 0)
		*out = (struct gc_backoff){ .passes = 0 };
}

void gc_backoff_put(const struct gc_backoff *b, struct js *note)
{
	if (b->passes == 0)
		return;
	js_set_text(note, "vain_marks", b->marks);
	js_set_int(note, "vain_passes", b->passes);
	js_set_int(note, "vain_ms", b->last_ms);
}

static void describe(const struct gc_policy *p, char out[128])
{
	const struct gc_mark *m = &p->free_bytes, *n = &p->free_inodes;
	snprintf(out, 128, "%d%d %llu:%llu %d%d %llu:%llu", m->set, m->is_percent,
	         (unsigned long long)m->low, (unsigned long long)m->high, n->set, n->is_percent,
	         (unsigned long long)n->low, (unsigned long long)n->high);
}

int64_t gc_backoff_until(const struct gc_backoff *b, const struct gc_policy *p, int64_t now_ms)
{
	char marks[128];
	int64_t wait_ms = GC_BACKOFF_FIRST_MS;
	describe(p, marks);
	if (b->passes == 0 || strcmp(b->marks, marks) != 0)
		return 0;
	for (int64_t i = 1; i < b->passes && wait_ms < GC_BACKOFF_MAX_MS; i++)
		wait_ms *= 2;
	wait_ms = wait_ms < GC_BACKOFF_MAX_MS ? wait_ms : GC_BACKOFF_MAX_MS;
	/* A clock that was set back is no reason to wait for ever. */
	return b->last_ms <= now_ms && now_ms < b->last_ms + wait_ms ? b->last_ms + wait_ms : 0;
}

void gc_backoff_count(struct gc_backoff *b, const struct gc_policy *p, bool in_vain, int64_t now_ms)
{
	char marks[128];
	describe(p, marks);
	bool goes_on = in_vain && strcmp(b->marks, marks) == 0;
	b->passes = goes_on ? b->passes + 1 : in_vain;
	b->last_ms = now_ms;
	memcpy(b->marks, marks, sizeof(marks));
}

static bool is_short(const struct gc_mark *m, uint64_t total, uint64_t free_now)
{
	return m->set && free_now < (m->is_percent ? total / 100 * m->low : m->low);
}

bool gc_backoff_is_short(const struct gc_policy *p, const struct gc_space *space)
{
	return is_short(&p->free_bytes, space->total_bytes, space->free_bytes) ||
	       (space->total_inodes > 0 &&
	        is_short(&p->free_inodes, space->total_inodes, space->free_inodes));
}
