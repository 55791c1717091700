/* Opening the two sides, and the report. */
#include "applets/pack_compare.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "base/num.h"
#include "os/dir.h"
#include "store/store.h"

enum { TEXT_MAX = 1 << 20 };

/* One side: one of the two is set. */
struct side {
	int dir;
	struct source *source;
	struct inventory *held;
};

static void side_close(struct side *s)
{
	inventory_close(s->held);
	source_close(&s->source);
	file_close_auto(&s->dir);
}
#define SIDE_AUTO AUTO(side_close) struct side

static bool is_url(const char *operand)
{
	struct str s = str_of(operand);
	return str_is(s, "-") || str_starts(s, S("s3://")) || str_starts(s, S("file://"));
}

static int side_open(const char *operand, const struct s3_config *s3,
                     const struct inventory_options *how, struct side *s, struct err *e)
{
	struct err none = ERR_INIT;
	if (!how->read_all && !is_url(operand) && dir_open_root(operand, &s->dir, &none) == 0)
		return inventory_of_tree(s->dir, how, &s->held, e);
	if (store_blob_source(operand, s3, &s->source, e))
		return -1;
	return inventory_of_archive(s->source, how, &s->held, e);
}

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

static struct js *item_json(const struct inventory_item *item)
{
	char text[2 * INVENTORY_SHA256 + 1];
	struct js *o = js_object();
	js_set_text(o, "type", entry_type_name(item->type));
	snprintf(text, sizeof(text), "%04o", (unsigned)item->mode);
	js_set_text(o, "mode", text);
	if (item->type == ENTRY_TYPE_FILE)
		js_set_int(o, "size", (int64_t)item->size_bytes);
	if (item->hashed)
		js_set_text(o, "sha256", codec_hex(item->sha256, INVENTORY_SHA256, text));
	if (item->type == ENTRY_TYPE_SYMLINK)
		js_set_path(o, "link", item->link);
	return o;
}

static void show_json(const struct diff_change *c)
{
	struct js *o = js_object();
	js_set_text(o, "change", kind_names[c->kind]);
	js_set_path(o, "path", shown_path(c->after ? c->after : c->before));
	if (c->kind == DIFF_RENAMED)
		js_set_path(o, "from", shown_path(c->before));
	struct js *what = js_array();
	for (size_t i = 0; i < COUNTOF(whats); i++)
		if (c->what & whats[i].bit)
			js_set_text(what, NULL, whats[i].name);
	js_set(o, "what", what);
	if (c->before)
		js_set(o, "before", item_json(c->before));
	if (c->after)
		js_set(o, "after", item_json(c->after));
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

static void show_line(const struct diff_change *c, struct buf *line)
{
	static const char letters[] = { 'A', 'D', 'M', 'R' };
	buf_clear(line);
	buf_printf(line, "%c ", letters[c->kind]);
	if (c->kind == DIFF_RENAMED) {
		codec_quote(shown_path(c->before), line);
		buf_add_text(line, " -> ");
	}
	codec_quote(shown_path(c->after ? c->after : c->before), line);
	add_what(line, c);
	buf_add_char(line, '\n');
	applet_print(line);
}

struct sums {
	uint64_t count[COUNTOF(kind_names)];
	uint64_t added_bytes, removed_bytes;
};

static struct sums sum_up(const struct diff_list *list)
{
	struct sums sums = { .added_bytes = 0 };
	for (size_t i = 0; i < list->count; i++) {
		const struct diff_change *c = &list->changes[i];
		sums.count[c->kind]++;
		if (c->kind == DIFF_RENAMED || (c->kind == DIFF_MODIFIED && c->what == DIFF_MODE))
			continue;
		sums.removed_bytes += c->before ? c->before->size_bytes : 0;
		sums.added_bytes += c->after ? c->after->size_bytes : 0;
	}
	return sums;
}

static void show_stat(const struct diff_list *list, bool json)
{
	char added[NUM_TEXT_MAX], removed[NUM_TEXT_MAX];
	struct sums s = sum_up(list);
	if (!json) {
		printf("%" PRIu64 " added, %" PRIu64 " removed, %" PRIu64 " modified, %" PRIu64
		       " renamed; %s gone, %s new\n",
		       s.count[DIFF_ADDED], s.count[DIFF_REMOVED], s.count[DIFF_MODIFIED],
		       s.count[DIFF_RENAMED], num_format_size(s.removed_bytes, removed),
		       num_format_size(s.added_bytes, added));
		return;
	}
	struct js *o = js_object();
	for (size_t i = 0; i < COUNTOF(kind_names); i++)
		js_set_int(o, kind_names[i], (int64_t)s.count[i]);
	js_set_int(o, "removed_bytes", (int64_t)s.removed_bytes);
	js_set_int(o, "added_bytes", (int64_t)s.added_bytes);
	applet_json_line(o);
}

static void show(const struct pack_compare *how, const struct diff_list *list)
{
	BUF_AUTO line = buf_make(TEXT_MAX);
	bool json = how->call->common->json;
	if (how->options->stat) {
		show_stat(list, json);
		return;
	}
	for (size_t i = 0; i < list->count; i++) {
		if (json)
			show_json(&list->changes[i]);
		else
			show_line(&list->changes[i], &line);
	}
}

static int compare(const struct pack_compare *how, const char *const operands[2],
                   struct progress *progress, size_t *differences, struct err *e)
{
	EXCLUDE_AUTO exclude = exclude_new();
	SIDE_AUTO before = { .dir = -1 }, after = { .dir = -1 };
	DIFF_AUTO list = { .count = 0 };
	struct inventory_options options = {
		.exclude = exclude,
		.read_all = how->read_all,
		.reader = { .limits = how->limits, .jobs = how->jobs, .progress = progress },
	};
	for (size_t i = 0; i < how->options->exclude.count; i++)
		if (exclude_add(exclude, str_of(how->options->exclude.items[i]), e))
			return -1;
	if (side_open(operands[0], how->s3, &options, &before, e))
		return err_context(e, "%s", operands[0]);
	options.read_all = false;
	if (side_open(operands[1], how->s3, &options, &after, e))
		return err_context(e, "%s", operands[1]);
	if (diff_compare(before.held, after.held, &list, e))
		return -1;
	show(how, &list);
	*differences = list.count;
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
