/* What applets share: output, failed items, progress. */
#include "applets/applet.h"

#include <stdio.h>

#include "base/codec.h"
#include "base/mem.h"
#include "cli/table.h"
#include "os/log.h"
#include "os/meter.h"

enum { JSON_LINE_MAX = 64 << 20, TABLE_BYTES_MAX = 256 << 20 };

void applet_json_line(struct js *line)
{
	BUF_AUTO text = buf_make(JSON_LINE_MAX);
	js_format(line, &text);
	buf_add_char(&text, '\n');
	applet_print(&text);
	js_free(line);
}

/* A failed write shows when main flushes and asks ferror. */
void applet_print(const struct buf *text)
{
	fwrite(text->p, 1, text->len, stdout);
}

struct js *applet_error_json(const struct err *e)
{
	struct js *o = js_object();
	js_set_text(o, "kind", err_kind_name(e->kind));
	js_set_str(o, "message", str_of(e->msg));
	js_set_bool(o, "retryable", e->retryable);
	if (e->status)
		js_set_int(o, "status", e->status);
	if (e->code[0])
		js_set_str(o, "code", str_of(e->code));
	if (e->request_id[0])
		js_set_str(o, "request_id", str_of(e->request_id));
	return o;
}

void applet_print_table(const struct table *t)
{
	BUF_AUTO text = buf_make(TABLE_BYTES_MAX);
	if (t->rows == 0)
		return;
	table_format(t, &text);
	applet_print(&text);
}

void applet_error_line(const struct err *e)
{
	struct js *line = js_object();
	js_set(line, "error", applet_error_json(e));
	applet_json_line(line);
}

int applet_run(const struct applet *a, const struct applet_call *call, struct applet_common *common,
               struct err *e)
{
	if (a->prints_content && a->prints_content(call))
		common->json = false;
	return a->run(call, e);
}

bool applet_prints_content(const struct applet_call *call)
{
	(void)call;
	return true;
}

void applet_item_failed(const struct applet_call *call, struct err *e, uint64_t *failed)
{
	log_err(e);
	if (call->common->json)
		applet_error_line(e);
	err_clear(e);
	++*failed;
}

int applet_result(uint64_t failed, uint64_t total, const char *things, struct err *e)
{
	if (!failed)
		return 0;
	return err_set(e, ERR_KIND_FAILED, "%llu of %llu %s failed", (unsigned long long)failed,
	               (unsigned long long)total, things);
}

enum meter_mode applet_meter_mode(const struct applet_call *call)
{
	return call->common->quiet ? METER_NEVER : (enum meter_mode)call->common->progress;
}

struct meter *applet_progress(const struct applet_call *call, struct progress *p, const char *label)
{
	p->label = label;
	return meter_start(p, applet_meter_mode(call));
}

void applet_progress_end(struct meter *m)
{
	meter_stop(m);
}

static void action_json(const struct applet_action *a)
{
	struct js *o = js_object();
	js_set_text(o, "action", a->verb);
	js_set_path(o, "source", str_of(a->from));
	if (a->to)
		js_set_path(o, "target", str_of(a->to));
	if (a->size_bytes != UINT64_MAX)
		js_set_int(o, "size", (int64_t)a->size_bytes);
	js_set_bool(o, "dry_run", a->dry_run);
	applet_json_line(o);
}

void applet_show_action(const struct applet_call *call, const struct applet_action *a)
{
	BUF_AUTO line = buf_make(65536);
	if (call->common->json) {
		action_json(a);
		return;
	}
	if (!a->dry_run && call->common->verbose == 0)
		return;
	buf_printf(&line, "%s%s: ", a->dry_run ? "(dry run) " : "", a->verb);
	codec_quote(str_of(a->from), &line);
	if (a->to) {
		buf_add_text(&line, " to ");
		codec_quote(str_of(a->to), &line);
	}
	buf_add_char(&line, '\n');
	applet_print(&line);
}
