/* Snapshots: what was there, without the contents. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "base/mem.h"
#include "base/num.h"
#include "pack/inventory_parts.h"
#include "pack/names.h"

enum { BYTES_MAX = 1 << 30, VERSION = 1, PIECE = 1 << 20 };

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

int inventory_snapshot_format(struct inventory *v, struct buf *out, struct err *e)
{
	buf_printf(out, INVENTORY_SNAPSHOT ",\"version\":%d,\"entries\":%zu}\n", VERSION, v->count);
	for (size_t i = 0; i < v->count; i++) {
		const struct inventory_item *item = &v->rows[i].item;
		if (item->type == ENTRY_TYPE_FILE && inventory_hash(v, item, e))
			return -1;
		JS_AUTO o = inventory_snapshot_item(item);
		js_set_path(o, "path", item->path);
		js_format(o, out);
		buf_add_char(out, '\n');
	}
	return buf_check(out, e, "the snapshot");
}

/* ---- in ---- */

static int broken(size_t line, const char *what, struct err *e)
{
	return err_set(e, ERR_KIND_DATA, "the snapshot makes no sense in line %zu: %s", line, what);
}

static int slurp(struct source *source, struct buf *out, struct err *e)
{
	size_t got;
	do {
		char *room = buf_room(out, PIECE);
		if (!room)
			break;
		if (source->read_at(source, out->len, room, PIECE, &got, e))
			return -1;
		buf_grew(out, got);
	} while (got > 0);
	return buf_check(out, e, "the snapshot");
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

static int add_line(struct inventory *v, const struct js *o, size_t line,
                    const struct limits *limits, struct err *e)
{
	BUF_AUTO raw = buf_make(limits->max_name_bytes);
	struct entry entry = { .mode = 0 };
	uint64_t mode;
	int64_t size = js_get_int(o, "size", 0);
	buf_clear(&v->link);
	if (js_get_path(o, "link", &v->link) || js_get_path(o, "path", &raw) ||
	    type_of(js_get_str(o, "type"), &entry.type) || size < 0 ||
	    num_parse_digits(js_get_str(o, "mode"), 8, &mode) || mode > 07777)
		return broken(line, "path, type, mode, size or link", e);
	if (names_clean(buf_str(&raw), 0, limits, &v->path, e) < 0)
		return -1;
	entry.mode = (uint32_t)mode;
	entry.size_bytes = (uint64_t)size;
	entry.link = buf_str(&v->link);
	struct inventory_row *row = inventory_add(v, &entry, buf_str(&v->path));
	if (entry.type != ENTRY_TYPE_FILE)
		return 0;
	row->item.hashed = true;
	struct str hex = js_get_str(o, "sha256");
	return hex.len == 2 * INVENTORY_SHA256 &&
	                       codec_unhex(hex, row->item.sha256, INVENTORY_SHA256) == 0
	               ? 0
	               : broken(line, "sha256", e);
}

static int add_lines(struct inventory *v, struct str text, struct err *e)
{
	const struct limits limits = limits_default();
	struct str line;
	size_t number = 1;
	int64_t entries = 0;
	for (; text.len > 0; number++) {
		JS_AUTO o = NULL;
		str_cut(text, '\n', &line, &text);
		if (js_parse(line, "the snapshot", &o, e))
			return err_context(e, "line %zu", number);
		if (number == 1 && js_get_int(o, "version", 0) != VERSION)
			return broken(number, "this version of it is not known", e);
		if (number == 1)
			entries = js_get_int(o, "entries", -1);
		else if (add_line(v, o, number, &limits, e))
			return -1;
	}
	return entries >= 0 && (uint64_t)entries == v->count
	               ? 0
	               : broken(number, "there are not as many entries as it says", e);
}

int inventory_snapshot_parse(struct source *source, const struct inventory_options *options,
                             struct inventory **out, struct err *e)
{
	BUF_AUTO text = buf_make(BYTES_MAX);
	struct inventory *v = inventory_new(options);
	int rc = slurp(source, &text, e);
	if (rc == 0)
		rc = add_lines(v, buf_str(&text), e);
	return inventory_settle(v, rc, options->exclude, out, e);
}
