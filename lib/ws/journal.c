/* The journal. */
#include "ws/journal.h"

#include <errno.h>
#include <string.h>

#include "base/datetime.h"
#include "base/mem.h"
#include "os/append.h"
#include "os/dir.h"
#include "os/lock.h"
#include "os/log.h"
#include "os/proc.h"
#include "os/sys.h"

enum { LINE_MAX_BYTES = 64 * 1024, LOCK_WAIT_MS = 1000 };

static const char name[] = "audit.jsonl";
static const char older[] = "audit.jsonl.1";

static void copy_fields(const struct js *from, struct js *to)
{
	for (size_t i = 0; i < js_count(from); i++) {
		MEM_AUTO char *key = mem_str(js_key_at(from, i));
		const struct js *value = js_field_at(from, i);
		if (js_is_string(value))
			js_set_str(to, key, js_value_str(value));
		else
			js_set_int(to, key, js_get_int(from, key, 0));
	}
}

static bool is_full(const struct base_dir *b)
{
	struct file_stat st;
	struct err ignored = ERR_INIT;
	return dir_stat(b->ws_fd, name, &st, &ignored) == 0 && st.size_bytes > JOURNAL_BYTES_MAX;
}

/* Who looks again under the lock does not push out what another one has just set aside. A line that is on its way goes to
 * whichever file its writer has open. */
static void turn_over(const struct base_dir *b)
{
	LOCK_AUTO lock = LOCK_NONE;
	struct err why = ERR_INIT;
	if (!is_full(b))
		return;
	if (lock_take(b->ws_fd, "audit.lock", LOCK_WAIT_MS, &lock, &why) == 0 &&
	    (!is_full(b) || dir_rename(b->ws_fd, name, b->ws_fd, older, false, &why) == 0))
		return;
	log_warn("journal: it stays large: %s", why.msg);
}

void journal_add(const struct base_dir *b, const char *event, const char *id, struct js *fields)
{
	char time[DATETIME_TEXT_MAX];
	struct proc_id self;
	struct err why = ERR_INIT;
	BUF_AUTO text = buf_make(LINE_MAX_BYTES);
	JS_AUTO line = js_object();
	proc_self(&self);
	js_set_text(line, "time", datetime_iso_ms(sys_now_ms(), time));
	js_set_text(line, "applet", program_invocation_short_name);
	js_set_int(line, "pid", self.pid);
	js_set_text(line, "event", event);
	js_set_text(line, "id", id);
	if (fields)
		copy_fields(fields, line);
	js_free(fields);
	js_format(line, &text);
	buf_add_char(&text, '\n');
	if (buf_check(&text, &why, "a line") != 0 ||
	    append_line(b->ws_fd, name, 0600, buf_str(&text), &why) != 0)
		log_warn("journal: %s", why.msg);
	turn_over(b);
}
