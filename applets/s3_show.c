/* Lines on standard output. */
#include "applets/s3_show.h"

#include <stdio.h>

#include "base/codec.h"
#include "base/datetime.h"

char *s3_show_time(int64_t ms, char out[S3_SHOW_TIME_MAX])
{
	char iso[DATETIME_TEXT_MAX];
	datetime_iso_ms(ms, iso);
	snprintf(out, S3_SHOW_TIME_MAX, "%.10s %.8s", iso, iso + 11);
	return out;
}

void s3_show_modified(struct js *o, int64_t ms)
{
	char iso[DATETIME_TEXT_MAX];
	js_set_text(o, "modified", datetime_iso_ms(ms, iso));
}

static void show_json(const struct s3_show_action *a)
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

void s3_show_action(const struct applet_call *call, const struct s3_show_action *a)
{
	BUF_AUTO line = buf_make(65536);
	if (call->common->json) {
		show_json(a);
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
