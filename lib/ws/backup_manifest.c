/* manifest.json. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "data/js.h"
#include "store/store.h"
#include "ws/backup_parts.h"
#include "ws/base_dir.h"

enum { MANIFEST_MAX = 4 << 20, PATH_BYTES_MAX = 64 * 1024, VERSION = 1 };

static const char format_name[] = "ws-backup";

static const char *key_of(bool partial)
{
	return partial ? BACKUP_PARTIAL : BACKUP_MANIFEST;
}

/* ---- operands ---- */

static struct str without(struct str s, struct str ending)
{
	return str_ends(s, ending) ? str_head(s, s.len - ending.len) : s;
}

int backup_manifest_url(const char *operand, char **url, struct err *e)
{
	struct str s = without(str_of(operand), S("/" BACKUP_MANIFEST));
	s = without(s, S("/" BACKUP_PARTIAL));
	if (s.len == 0)
		return err_set(e, ERR_KIND_USAGE, "where is the backup? A directory or s3://…");
	if (str_starts(s, S("s3://")) || str_starts(s, S("file://"))) {
		*url = mem_str(s);
		return 0;
	}
	char *here = s.p[0] == '/' ? NULL : realpath(".", NULL);
	*url = mem_printf("file://%s%s%" STR_FMT, here ? here : "", here ? "/" : "", STR_ARG(s));
	free(here);
	return 0;
}

/* ---- out ---- */

static struct js *part_json(const struct backup_part *p)
{
	struct js *o = js_object();
	js_set_text(o, "name", p->name);
	js_set_text(o, "priority", backup_priority_name(p->priority));
	js_set_path(o, "path", str_of(p->path));
	js_set_text(o, "kind", p->is_file ? "file" : "tree");
	js_set_bool(o, "private", p->is_private);
	js_set_bool(o, "absent", p->absent);
	if (p->absent)
		return o;
	js_set_text(o, "key", p->key);
	js_set_int(o, "size_bytes", (int64_t)p->size_bytes);
	js_set_text(o, "sha256", p->sha256);
	js_set_int(o, "entries", (int64_t)p->entries);
	js_set_int(o, "content_bytes", (int64_t)p->content_bytes);
	js_set_int(o, "unreadable", (int64_t)p->unreadable);
	js_set_int(o, "changed", (int64_t)p->changed);
	return o;
}

static void format(const struct backup *b, struct buf *out)
{
	JS_AUTO o = js_object();
	struct js *parts = js_array();
	js_set_text(o, "format", format_name);
	js_set_int(o, "version", VERSION);
	js_set_text(o, "id", b->id);
	js_set_int(o, "created_ms", b->created_ms);
	js_set_text(o, "host", b->host);
	js_set_text(o, "profile", b->profile);
	js_set_text(o, "instance", b->instance);
	js_set_bool(o, "partial", b->partial);
	for (size_t i = 0; i < b->count; i++)
		js_set(parts, NULL, part_json(&b->parts[i]));
	js_set(o, "parts", parts);
	js_format_pretty(o, out);
	buf_add_char(out, '\n');
}

int backup_manifest_store(struct store *s, const struct backup *b, const char *if_etag,
                          struct err *e)
{
	BUF_AUTO text = buf_make(MANIFEST_MAX);
	SINK_AUTO sink = NULL;
	const struct store_put put = {
		.save_id = b->id,
		.content_type = "application/json",
		.if_etag = if_etag,
	};
	format(b, &text);
	if (buf_check(&text, e, "the manifest") != 0 ||
	    store_sink(s, key_of(b->partial), &put, &sink, e) != 0 ||
	    sink->write(sink, text.p, text.len, e) != 0)
		return -1;
	return sink->finish(sink, NULL, e);
}

/* ---- in ---- */

static int broken(const char *what, struct err *e)
{
	return err_set(e, ERR_KIND_DATA, "the manifest makes no sense: %s", what);
}

/* "" when it makes no sense. */
static char *path_of(const struct js *o)
{
	BUF_AUTO path = buf_make(PATH_BYTES_MAX);
	if (js_get_path(o, "path", &path) != 0 || str_index(buf_str(&path), '\0') >= 0)
		buf_clear(&path);
	return mem_str(buf_str(&path));
}

static uint64_t number(const struct js *o, const char *name)
{
	int64_t n = js_get_int(o, name, 0);
	return n > 0 ? (uint64_t)n : 0;
}

static int read_object(const struct js *o, struct backup_part *p, struct err *e)
{
	p->key = mem_str(js_get_str(o, "key"));
	p->size_bytes = number(o, "size_bytes");
	p->entries = number(o, "entries");
	p->content_bytes = number(o, "content_bytes");
	p->unreadable = number(o, "unreadable");
	p->changed = number(o, "changed");
	if (!str_starts(str_of(p->key), S(BACKUP_PREFIX)))
		return broken("a part has its object elsewhere", e);
	if (str_copy(js_get_str(o, "sha256"), p->sha256, sizeof(p->sha256)) != 0 ||
	    strlen(p->sha256) != DIGEST_SHA256_HEX - 1)
		return broken("a part has no sha256", e);
	return 0;
}

static int read_part(const struct js *o, struct backup *b, struct err *e)
{
	MEM_AUTO char *name = mem_str(js_get_str(o, "name"));
	int priority = backup_priority_parse(js_get_str(o, "priority"));
	if (!js_is_object(o) || base_dir_check_word("the name of a part", name, e) != 0 ||
	    strlen(name) > BACKUP_NAME_MAX || backup_find(b, name) || priority > BACKUP_LOW) {
		err_clear(e);
		return broken("a part's name or priority", e);
	}
	struct backup_part *p = backup_insert(b, (enum backup_priority)priority);
	p->name = mem_text(name);
	p->path = path_of(o);
	p->is_file = str_is(js_get_str(o, "kind"), "file");
	p->is_private = js_get_bool(o, "private", false);
	p->absent = js_get_bool(o, "absent", false);
	if (p->path[0] != '/' || strcmp(p->path, "/") == 0)
		return broken("a part's path", e);
	return p->absent ? 0 : read_object(o, p, e);
}

static void take(char **field, struct str value)
{
	mem_free(*field);
	*field = mem_str(value);
}

static int read_all(const struct js *o, struct backup *b, struct err *e)
{
	const struct js *parts = js_get(o, "parts");
	if (!str_is(js_get_str(o, "format"), format_name))
		return broken("it is no backup's", e);
	if (js_get_int(o, "version", 0) != VERSION)
		return broken("this version of it is not known", e);
	if (str_copy(js_get_str(o, "id"), b->id, sizeof(b->id)) != 0 || !js_is_array(parts) ||
	    js_count(parts) > BACKUP_PARTS_MAX)
		return broken("its id or its parts", e);
	b->created_ms = js_get_int(o, "created_ms", 0);
	b->partial = js_get_bool(o, "partial", true);
	take(&b->host, js_get_str(o, "host"));
	take(&b->profile, js_get_str(o, "profile"));
	take(&b->instance, js_get_str(o, "instance"));
	for (size_t i = 0; i < js_count(parts); i++) {
		if (read_part(js_at(parts, i), b, e) != 0)
			return -1;
	}
	return 0;
}

static int fetch(struct store *s, const char *key, struct buf *text, char *etag, struct err *e)
{
	SOURCE_AUTO source = NULL;
	struct store_object object;
	size_t got;
	if (store_source(s, key, &source, &object, e) != 0)
		return -1;
	if (object.id.size_bytes > MANIFEST_MAX)
		return broken("it is too large", e);
	char *room = buf_room(text, object.id.size_bytes);
	if (source->read_at(source, 0, room, object.id.size_bytes, &got, e) != 0)
		return -1;
	buf_grew(text, got);
	if (etag)
		memcpy(etag, object.id.etag, sizeof(object.id.etag));
	return 0;
}

/* Whoever has nothing but a partial backup is told so. */
static void only_partial(struct store *s, struct err *e)
{
	struct store_object partial;
	struct err none = ERR_INIT;
	if (e->kind != ERR_KIND_NOT_FOUND || store_stat(s, BACKUP_PARTIAL, &partial, &none) != 0)
		return;
	err_clear(e);
	err_set(e, ERR_KIND_NOT_FOUND,
	        "only a partial backup is there; restore --partial takes it");
}

int backup_manifest_load(struct store *s, bool partial, struct backup *out, char *etag,
                         struct err *e)
{
	BUF_AUTO text = buf_make(MANIFEST_MAX);
	JS_AUTO o = NULL;
	backup_init(out);
	if (fetch(s, key_of(partial), &text, etag, e) == 0 &&
	    js_parse(buf_str(&text), key_of(partial), &o, e) == 0 && read_all(o, out, e) == 0)
		return 0;
	backup_free(out);
	if (!partial)
		only_partial(s, e);
	return err_context(e, "%s", store_url(s));
}
