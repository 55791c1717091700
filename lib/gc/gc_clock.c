/* <base>/.ws/gc.json: the clock, the time since the machine started, and which start that was. */
#include "gc/gc_clock.h"

#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "data/js.h"
#include "gc/gc_internal.h"
#include "os/dir.h"
#include "os/sys.h"

enum { CLOCK_FILE_MAX = 4096, BOOT_ID_MAX = 64 };

static const char clock_file[] = "gc.json";

bool gc_clock_read(const struct base_dir *b, char text[GC_CLOCK_TEXT_MAX],
                   struct gc_backoff *backoff)
{
	JS_AUTO note = NULL;
	BUF_AUTO bytes = buf_make(CLOCK_FILE_MAX);
	struct err ignored = ERR_INIT;
	char boot_id[BOOT_ID_MAX], shown[NUM_TEXT_MAX];
	text[0] = '\0';
	*backoff = (struct gc_backoff){ .passes = 0 };
	if (dir_read_file(b->ws_fd, clock_file, &bytes, &ignored) != 0 ||
	    js_parse(buf_str(&bytes), clock_file, &note, &ignored) != 0)
		return false;
	gc_backoff_get(note, backoff);
	int64_t passed = sys_now_ms() - js_get_int(note, "clock_ms", 0);
	int64_t really = sys_boot_ms() - js_get_int(note, "boot_ms", 0);
	sys_boot_id(boot_id, sizeof(boot_id));
	bool same_boot = boot_id[0] && str_is(js_get_str(note, "boot_id"), boot_id);
	int64_t jump = same_boot ? passed - really : passed < 0 ? passed : 0;
	if (jump >= -GC_CLOCK_SLACK_MS && jump <= GC_CLOCK_SLACK_MS)
		return false;
	snprintf(text, GC_CLOCK_TEXT_MAX, "the clock was set %s since the last run, by %s",
	         jump < 0 ? "back" : "forward",
	         num_format_duration(jump < 0 ? -jump : jump, shown));
	return true;
}

void gc_clock_note(const struct base_dir *b, const struct gc_backoff *backoff)
{
	JS_AUTO note = js_object();
	BUF_AUTO bytes = buf_make(CLOCK_FILE_MAX);
	struct err ignored = ERR_INIT;
	char boot_id[BOOT_ID_MAX];
	js_set_int(note, "clock_ms", sys_now_ms());
	js_set_int(note, "boot_ms", sys_boot_ms());
	js_set_text(note, "boot_id", sys_boot_id(boot_id, sizeof(boot_id)));
	gc_backoff_put(backoff, note);
	js_format(note, &bytes);
	buf_add_char(&bytes, '\n');
	int result = dir_replace_file(b->ws_fd, clock_file, bytes.p, bytes.len, 0600, &ignored);
	(void)result;
}
