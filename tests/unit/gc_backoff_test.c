/* gc_backoff: how long passes wait that freed nothing. */
#include "gc/gc_backoff.h"

#include "tests/unit/tap.h"

enum { MINUTE = 60 * 1000 };

static const struct gc_policy marks = { .free_bytes = { .set = true, .low = 10, .high = 20 } };

static void test_waits(void)
{
	static const int64_t minutes[] = { 5, 10, 20, 40, 80, 160, 320, 360, 360 };
	struct gc_backoff b = { .passes = 0 };
	int64_t now_ms = 1000000;
	TAP_OK(gc_backoff_until(&b, &marks, now_ms) == 0, "at first nothing waits");
	for (size_t i = 0; i < COUNTOF(minutes); i++) {
		gc_backoff_count(&b, &marks, true, now_ms);
		int64_t until_ms = gc_backoff_until(&b, &marks, now_ms);
		TAP_INT((until_ms - now_ms) / MINUTE, minutes[i], "after %zu passes in vain",
		        i + 1);
		TAP_OK(gc_backoff_until(&b, &marks, until_ms) == 0, "then the next one is due");
		now_ms = until_ms;
	}
	TAP_OK(gc_backoff_until(&b, &marks, now_ms - 400 * (int64_t)MINUTE) == 0,
	       "a clock that was set back is not waited for");
	struct gc_policy other = marks;
	other.free_bytes.high = 21;
	TAP_OK(gc_backoff_until(&b, &other, b.last_ms) == 0, "other marks do not wait");
	gc_backoff_count(&b, &marks, false, now_ms);
	TAP_OK(gc_backoff_until(&b, &marks, now_ms) == 0, "a pass that freed something ends it");
}

static void test_note(void)
{
	JS_AUTO note = js_object();
	struct gc_backoff b = { .passes = 0 }, read;
	gc_backoff_put(&b, note);
	TAP_INT((int)js_count(note), 0, "nothing is noted when nothing waits");
	gc_backoff_count(&b, &marks, true, 7);
	gc_backoff_count(&b, &marks, true, 9);
	gc_backoff_put(&b, note);
	gc_backoff_get(note, &read);
	TAP_OK(read.passes == 2 && read.last_ms == 9 && strcmp(read.marks, b.marks) == 0,
	       "what was noted is read");
	js_set_int(note, "vain_passes", -1);
	gc_backoff_get(note, &read);
	TAP_INT((int)read.passes, 0, "nonsense is not");
}

static void test_short(void)
{
	struct gc_policy p = marks;
	struct gc_space space = { 100, 10, 100, 4 };
	TAP_OK(!gc_backoff_is_short(&p, &space), "as much as the low mark is enough");
	space.free_bytes = 9;
	TAP_OK(gc_backoff_is_short(&p, &space), "less is not");
	p = (struct gc_policy){ .free_inodes = { .set = true, .is_percent = true, .low = 5 } };
	TAP_OK(gc_backoff_is_short(&p, &space), "nor of inodes, in percent");
	space.total_inodes = 0;
	TAP_OK(!gc_backoff_is_short(&p, &space),
	       "a file system that does not count them has enough");
}

int main(void)
{
	test_waits();
	test_note();
	test_short();
	return tap_done();
}
