/* Snapshots: what was there, without the contents. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "base/mem.h"
#include "base/num.h"
#include "pack/inventory_parts.h"
#include "pack/names.h"

enum { LINE_MAX_BYTES = 1 << 20, VERSION = 1, PIECE = 64 * 1024 };

/* ---- out ---- */

struct js *inventory_snapshot_item(const struct inventory_item *item)
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

int inventory_snapshot_write(struct inventory *v,
                             int (*put)(void *ctx, const struct buf *line, struct err *e),
                             void *ctx, struct err *e)
{
	BUF_AUTO line = buf_make(LINE_MAX_BYTES);
	struct inventory_item *item;
	int rc;
	buf_printf(&line, INVENTORY_SNAPSHOT ",\"version\":%d,\"entries\":%" PRIu64 "}\n", VERSION,
	           v->count);
	if (put(ctx, &line, e) || inventory_rewind(v, e))
		return -1;
	while ((rc = inventory_next(v, &item, e)) > 0) {
		if (item->type == ENTRY_TYPE_FILE && inventory_hash(v, item, e))
			return -1;
		JS_AUTO o = inventory_snapshot_item(item);
		js_set_path(o, "path", item->path);
		buf_clear(&line);
		js_format(o, &line);
		buf_add_char(&line, '\n');
		if (buf_check(&line, e, "a line of the snapshot") || put(ctx, &line, e))
			return -1;
	}
	return rc;
}

/* ---- in ---- */

static int broken(size_t line, const char *what, struct err *e)
{
	return err_set(e, ERR_KIND_DATA, "the snapshot makes no sense in line %zu: %s", line, what);
}

/* The lines of a source. */
struct lines {
	struct source *source;
	struct buf text;
	size_t used;
	uint64_t at; /* behind `text` */
	size_t number;
};

static void lines_free(struct lines *l)
{
	buf_free(&l->text);
}

/* 1 and *line (valid until the next call), 0 at the end, -1. */
static int next_line(struct lines *l, struct str *line, struct err *e)
{
	struct str rest = str_skip(buf_str(&l->text), l->used);
	size_t got = 1;
	while (str_index(rest, '\n') < 0 && got > 0) {
		buf_consume(&l->text, l->used);
		l->used = 0;
		char *room = buf_room(&l->text, PIECE);
		if (!room)
			return broken(l->number + 1, "it is longer than 1 MiB", e);
		if (l->source->read_at(l->source, l->at, room, PIECE, &got, e))
			return -1;
		buf_grew(&l->text, got);
		l->at += got;
		rest = buf_str(&l->text);
	}
	if (rest.len == 0)
		return 0;
	str_cut(rest, '\n', line, &rest);
	l->used = l->text.len - rest.len;
	l->number++;
	return 1;
}

static int type_of(struct str name, enum entry_type *type)
{
	static const enum entry_type known[] = { ENTRY_TYPE_FILE, ENTRY_TYPE_DIR,
		                                 ENTRY_TYPE_SYMLINK };
	for (size_t i = 0; i < COUNTOF(known); i++) {
		*type = known[i];
		if (str_is(name, entry_type_name(known[i])))
			return 0;
	}
	return -1;
}

static int add_line(struct inventory *v, struct inventory_load *l, const struct js *o, size_t line,
                    struct err *e)
{
	const struct limits limits = limits_default();
	BUF_AUTO raw = buf_make(limits.max_name_bytes);
	struct inventory_item item = { .hashed = false };
	struct str hex = js_get_str(o, "sha256");
	uint64_t mode;
	int64_t size = js_get_int(o, "size", 0);
	buf_clear(&v->link);
	if (js_get_path(o, "link", &v->link) || js_get_path(o, "path", &raw) ||
	    type_of(js_get_str(o, "type"), &item.type) || size < 0 ||
	    num_parse_digits(js_get_str(o, "mode"), 8, &mode) || mode > 07777)
		return broken(line, "path, type, mode, size or link", e);
	if (names_clean(buf_str(&raw), 0, &limits, &v->path, e) < 0)
		return -1;
	item.path = buf_str(&v->path);
	item.link = buf_str(&v->link);
	item.mode = (uint32_t)mode;
	if (item.type == ENTRY_TYPE_FILE) {
		item.size_bytes = (uint64_t)size;
		item.hashed = true;
		if (hex.len != 2 * INVENTORY_SHA256 ||
		    codec_unhex(hex, item.sha256, INVENTORY_SHA256))
			return broken(line, "sha256", e);
	}
	return inventory_load_add(l, &item, e);
}

static int add_lines(struct inventory *v, struct inventory_load *l, struct source *source,
                     struct err *e)
{
	AUTO(lines_free)
	struct lines lines = { .source = source, .text = buf_make(LINE_MAX_BYTES) };
	struct str line;
	int64_t entries = 0;
	int rc;
	while ((rc = next_line(&lines, &line, e)) > 0) {
		JS_AUTO o = NULL;
		if (js_parse(line, "the snapshot", &o, e))
			return err_context(e, "line %zu", lines.number);
		if (lines.number == 1 && js_get_int(o, "version", 0) != VERSION)
			return broken(lines.number, "this version of it is not known", e);
		if (lines.number == 1)
			entries = js_get_int(o, "entries", -1);
		else if (add_line(v, l, o, lines.number, e))
			return -1;
	}
	if (rc)
		return -1;
	return entries >= 0 && (uint64_t)entries == l->count
	               ? 0
	               : broken(lines.number + 1, "there are not as many entries as it says", e);
}

int inventory_snapshot_parse(struct source *source, const struct inventory_options *options,
                             struct inventory **out, struct err *e)
{
	struct inventory *v = inventory_new(options);
	INVENTORY_LOAD_AUTO load = inventory_load_begin(v);
	if (add_lines(v, &load, source, e) || inventory_load_end(v, &load, options->exclude, e)) {
		inventory_close(v);
		return -1;
	}
	*out = v;
	return 0;
}
