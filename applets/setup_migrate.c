/* Old sessions into a flat workspace. */
#include "applets/setup_migrate.h"

#include "base/codec.h"
#include "os/dir.h"
#include "ws/flat.h"
#include "ws/migrate.h"

enum { LINE_BYTES_MAX = 1 << 16 };

static void show_line(const struct js *line, struct buf *out)
{
	struct str path = js_get_str(line, "path");
	struct str more = js_get_str(line, "name");
	if (more.len == 0)
		more = js_get_str(line, "reason");
	buf_clear(out);
	buf_printf(out, "%-6" STR_FMT " ", STR_ARG(js_get_str(line, "action")));
	codec_quote(js_get_str(line, "session"), out);
	buf_add_text(out, path.len > 0 ? "/" : "");
	codec_quote(path, out);
	buf_add_text(out, more.len > 0 ? "  " : "");
	codec_quote(more, out);
	buf_add_char(out, '\n');
	applet_print(out);
}

static void show(const struct applet_call *call, const struct migrate *m)
{
	BUF_AUTO line = buf_make(LINE_BYTES_MAX);
	for (size_t i = 0; i < js_count(m->report); i++) {
		if (!call->common->json) {
			show_line(js_at(m->report, i), &line);
			continue;
		}
		buf_clear(&line);
		js_format(js_at(m->report, i), &line);
		buf_add_char(&line, '\n');
		applet_print(&line);
	}
}

static int run(const struct applet_call *call, struct migrate *m, struct err *e)
{
	int result = migrate_run(m, e);
	show(call, m);
	js_free(m->report);
	if (result != 0)
		return -1;
	if (m->kept == 0)
		return 0;
	return err_set(
		e, ERR_KIND_FAILED,
		"%llu of %llu sessions stay as they are: %llu files of theirs were not taken",
		(unsigned long long)m->kept, (unsigned long long)m->sessions,
		(unsigned long long)m->refused);
}

int setup_migrate(const struct applet_call *call, const struct setup *s, const char *from,
                  bool dry_run, struct err *e)
{
	FD_AUTO dir = -1;
	INSIDE_AUTO in = { .base = &s->base, .fd = -1 };
	struct err why = ERR_INIT;
	if (dir_open_root(from, &dir, e) != 0)
		return err_context(e, "--migrate");
	/* In a dry run it need not be there yet. */
	if (inside_open(&s->base, s->record.id, &in, &why) != 0 && !dry_run) {
		*e = why;
		return -1;
	}
	struct migrate m = { .to = &in, .from = dir, .dry_run = dry_run };
	int result = run(call, &m, e);
	if (dry_run)
		return result;
	const struct flat flat = { .base = &s->base, .id = s->record.id, .fd = in.fd };
	struct err *second = result == 0 ? e : &why;
	return flat_update(&flat, NULL, NULL, second) != 0 ? -1 : result;
}
