/* Pins on disk. */
#include "ws/pin.h"

#include "data/js.h"
#include "os/dir.h"
#include "ws/journal.h"
#include "ws/record.h"

enum { PIN_FILE_MAX = 64 * 1024 };

static const char pin_file[] = "pin.json";

static int open_record_dir(const struct base_dir *b, const char *id, int *fd, struct err *e)
{
	struct err why = ERR_INIT;
	if (record_dir(b, id, false, fd, &why) == 0)
		return 0;
	if (why.kind == ERR_KIND_NOT_FOUND)
		return err_set(e, ERR_KIND_NOT_FOUND, "workspace %s: no such workspace in %s", id,
		               b->path);
	*e = why;
	return -1;
}

int pin_set(const struct base_dir *b, const char *id, const struct pin *p, struct err *e)
{
	FD_AUTO fd = -1;
	JS_AUTO document = js_object();
	BUF_AUTO text = buf_make(PIN_FILE_MAX);
	js_set_int(document, "version", 1);
	js_set_text(document, "reason", p->reason);
	js_set_int(document, "set_ms", p->set_ms);
	js_set_int(document, "until_ms", p->until_ms);
	js_format(document, &text);
	buf_add_char(&text, '\n');
	if (open_record_dir(b, id, &fd, e) != 0 || buf_check(&text, e, pin_file) != 0 ||
	    dir_replace_file(fd, pin_file, text.p, text.len, 0600, e) != 0)
		return err_context(e, "pin %s", id);
	struct js *fields = js_object();
	js_set_text(fields, "reason", p->reason);
	js_set_int(fields, "until_ms", p->until_ms);
	journal_add(b, "pin", id, fields);
	return 0;
}

int pin_remove(const struct base_dir *b, const char *id, struct err *e)
{
	FD_AUTO fd = -1;
	if (open_record_dir(b, id, &fd, e) != 0 || dir_unlink(fd, pin_file, e) != 0 ||
	    dir_sync(fd, e) != 0)
		return err_context(e, "unpin %s", id);
	journal_add(b, "unpin", id, NULL);
	return 0;
}

int pin_load(const struct base_dir *b, const char *id, struct pin *out, struct err *e)
{
	FD_AUTO fd = -1;
	JS_AUTO document = NULL;
	BUF_AUTO text = buf_make(PIN_FILE_MAX);
	struct err why = ERR_INIT;
	*out = (struct pin){ .set_ms = 0 };
	if (record_dir(b, id, false, &fd, &why) == 0 &&
	    dir_read_file(fd, pin_file, &text, &why) == 0 &&
	    js_parse(buf_str(&text), pin_file, &document, &why) == 0) {
		out->set_ms = js_get_int(document, "set_ms", 0);
		out->until_ms = js_get_int(document, "until_ms", 0);
		if (js_get_int(document, "version", 0) == 1 &&
		    str_copy(js_get_str(document, "reason"), out->reason, sizeof(out->reason)) == 0)
			return 1;
		return err_set(e, ERR_KIND_DATA, "%s of %s is not a pin", pin_file, id);
	}
	if (why.kind == ERR_KIND_NOT_FOUND)
		return 0;
	*e = why;
	return -1;
}

bool pin_holds(const struct pin *p, int64_t now_ms)
{
	return p->until_ms == 0 || p->until_ms > now_ms;
}
