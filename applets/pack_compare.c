/* Opening the two sides, and the report. */
#include "applets/pack_compare.h"

#include <inttypes.h>
#include <stdio.h>

#include "applets/pack_compare_backup.h"
#include "applets/pack_patch.h"
#include "base/codec.h"
#include "base/mem.h"
#include "base/num.h"

enum { TEXT_MAX = 1 << 20 };

static const char *const kind_names[] = {
	[DIFF_ADDED] = "added",
	[DIFF_REMOVED] = "removed",
	[DIFF_MODIFIED] = "modified",
	[DIFF_RENAMED] = "renamed",
};

static const struct {
	unsigned bit;
	const char *name;
} whats[] = {
	{ DIFF_TYPE, "type" },
	{ DIFF_CONTENT, "content" },
	{ DIFF_MODE, "mode" },
	{ DIFF_TARGET, "target" },
};

static struct str shown_path(const struct inventory_item *item)
{
	return item->path.len > 0 ? item->path : S(".");
}

static void set_path(struct js *o, const char *key, const char *below,
                     const struct inventory_item *item)
{
	MEM_AUTO char *path = mem_printf("%s%" STR_FMT, below, STR_ARG(shown_path(item)));
	js_set_path(o, key, str_of(path));
}

static void show_json(const struct diff_change *c, const char *below)
{
	struct js *o = js_object();
	js_set_text(o, "change", kind_names[c->kind]);
	set_path(o, "path", below, c->after ? c->after : c->before);
	if (c->kind == DIFF_RENAMED)
		set_path(o, "from", below, c->before);
	struct js *what = js_array();
	for (size_t i = 0; i < COUNTOF(whats); i++)
		if (c->what & whats[i].bit)
			js_set_text(what, NULL, whats[i].name);
	js_set(o, "what", what);
	if (c->before)
		js_set(o, "before", inventory_snapshot_item(c->before));
	if (c->after)
		js_set(o, "after", inventory_snapshot_item(c->after));
	applet_json_line(o);
}

/* " (content, mode 0644 to 0755)" */
static void add_what(struct buf *line, const struct diff_change *c)
{
	const char *between = " (";
	for (size_t i = 0; i < COUNTOF(whats); i++) {
		if (!(c->what & whats[i].bit))
			continue;
		buf_printf(line, "%s%s", between, whats[i].name);
		if (whats[i].bit == DIFF_MODE)
			buf_printf(line, " %04o to %04o", (unsigned)c->before->mode,
			           (unsigned)c->after->mode);
		if (whats[i].bit == DIFF_TYPE)
			buf_printf(line, ": %s to %s", entry_type_name(c->before->type),
			           entry_type_name(c->after->type));
		between = ", ";
	}
	if (c->what)
		buf_add_char(line, ')');
}

static void show_line(const struct diff_change *c, const char *below, struct buf *line)
{
	static const char letters[] = { 'A', 'D', 'M', 'R' };
	buf_clear(line);
	buf_printf(line, "%c ", letters[c->kind]);
	if (c->kind == DIFF_RENAMED) {
		buf_add_text(line, below);
		codec_quote(shown_path(c->before), line);
		buf_add_text(line, " -> ");
	}
	buf_add_text(line, below);
	codec_quote(shown_path(c->after ? c->after : c->before), line);
	add_what(line, c);
	buf_add_char(line, '\n');
	applet_print(line);
}

static void sum_up(const struct diff_change *c, struct pack_compare_sums *sums)
{
	sums->total++;
	sums->count[c->kind]++;
	if (c->kind == DIFF_RENAMED || (c->kind == DIFF_MODIFIED && c->what == DIFF_MODE))
		return;
	sums->removed_bytes += c->before ? c->before->size_bytes : 0;
	sums->added_bytes += c->after ? c->after->size_bytes : 0;
}

static void show_stat(const struct pack_compare_sums *s, bool json)
{
	char added[NUM_TEXT_MAX], removed[NUM_TEXT_MAX];
	if (!json) {
		printf("%" PRIu64 " added, %" PRIu64 " removed, %" PRIu64 " modified, %" PRIu64
		       " renamed; %s gone, %s new\n",
		       s->count[DIFF_ADDED], s->count[DIFF_REMOVED], s->count[DIFF_MODIFIED],
		       s->count[DIFF_RENAMED], num_format_size(s->removed_bytes, removed),
		       num_format_size(s->added_bytes, added));
		return;
	}
	struct js *o = js_object();
	for (size_t i = 0; i < COUNTOF(kind_names); i++)
		js_set_int(o, kind_names[i], (int64_t)s->count[i]);
	js_set_int(o, "removed_bytes", (int64_t)s->removed_bytes);
	js_set_int(o, "added_bytes", (int64_t)s->added_bytes);
	applet_json_line(o);
}

/* What one change after the other is shown with. */
struct show {
	const struct pack_compare *how;
	const char *below;
	struct pack_compare_sums *sums;
	struct pack_patch *patch; /* NULL: no patch is wanted */
	struct buf line;
};

static int show(void *ctx, const struct diff_change *c, struct err *e)
{
	struct show *s = ctx;
	sum_up(c, s->sums);
	if (s->how->options->stat)
		return 0;
	if (s->patch)
		return pack_patch_add(s->patch, c, e);
	if (s->how->call->common->json)
		show_json(c, s->below);
	else
		show_line(c, s->below, &s->line);
	return 0;
}

int pack_compare_pair(const struct pack_compare *how, const struct pack_side *before,
                      const struct pack_side *after, const char *below,
                      struct pack_compare_sums *sums, struct err *e)
{
	struct show s = { how, below, sums, NULL, buf_make(TEXT_MAX) };
	if (how->options->unified && !how->options->stat)
		s.patch = pack_patch_begin(before->held, after->held, below);
	int rc = diff_compare(before->held, after->held, how->file, show, &s, e);
	if (rc == 0 && s.patch)
		rc = pack_patch_end(s.patch, e);
	pack_patch_free(s.patch);
	buf_free(&s.line);
	return rc;
}

static int compare_two(const struct pack_compare *how, const char *const operands[2],
                       struct inventory_options *options, struct pack_compare_sums *sums,
                       struct err *e)
{
	PACK_SIDE_AUTO before = PACK_SIDE_NONE, after = PACK_SIDE_NONE;
	options->read_all = how->read_all;
	if (pack_side_open(operands[0], how->s3, options, &before, e))
		return err_context(e, "%s", operands[0]);
	options->read_all = false;
	if (pack_side_open(operands[1], how->s3, options, &after, e))
		return err_context(e, "%s", operands[1]);
	return pack_compare_pair(how, &before, &after, "", sums, e);
}

static int compare(const struct pack_compare *how, const char *const operands[2],
                   struct progress *progress, size_t *differences, struct err *e)
{
	EXCLUDE_AUTO exclude = exclude_new();
	struct pack_compare_sums sums = { .total = 0 };
	struct inventory_options options = {
		.exclude = exclude,
		.read_all = how->read_all,
		.reader = { .limits = how->limits, .jobs = how->jobs, .progress = progress },
		.file = how->file,
	};
	for (size_t i = 0; i < how->options->exclude.count; i++)
		if (exclude_add(exclude, str_of(how->options->exclude.items[i]), e))
			return -1;
	int rc = pack_compare_backup_is(operands)
	                 ? pack_compare_backup(how, operands, &options, exclude, &sums, e)
	                 : compare_two(how, operands, &options, &sums, e);
	if (rc)
		return -1;
	if (how->options->stat)
		show_stat(&sums, how->call->common->json);
	*differences = sums.total;
	return 0;
}

int pack_compare_show(const struct pack_compare *how, const char *before, const char *after,
                      size_t *differences, struct err *e)
{
	const char *const operands[2] = { before, after };
	struct progress progress = { .label = NULL };
	struct meter *meter = applet_progress(how->call, &progress, "compare");
	int rc = compare(how, operands, &progress, differences, e);
	applet_progress_end(meter);
	return rc;
}
