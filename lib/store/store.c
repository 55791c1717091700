/* Stores: the URL decides the kind, the rest is handed on. */
#include "store/store.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/url.h"
#include "store/store_backend.h"
#include "store/store_file.h"
#include "store/store_s3.h"

enum { COPY_BYTES = 256 * 1024 };

static struct str without_slashes(struct str s)
{
	while (s.len > 0 && s.p[s.len - 1] == '/')
		s.len--;
	return s;
}

int store_open(const char *url, const struct s3_config *s3, struct store **out, struct err *e)
{
	*out = NULL;
	struct str text = without_slashes(str_of(url));
	struct str bucket, path;
	if (str_starts(text, S("s3://"))) {
		if (url_parse_s3(text, &bucket, &path, e) != 0 ||
		    store_s3_open(bucket, path, s3, out, e) != 0)
			return err_context(e, "store %s", url);
	} else if (str_starts(text, S("file://"))) {
		if (url_parse_file(text, &path, e) != 0)
			return err_context(e, "store %s", url);
		*out = store_file_open(path);
	} else {
		return err_set(e, ERR_KIND_USAGE,
		               "store \"%s\": s3://bucket[/prefix] or file:///dir is expected",
		               url);
	}
	(*out)->url = mem_str(text);
	return 0;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	char *url = s->url;
	s->backend->close(s);
	mem_free(url);
}

void store_close_auto(struct store **s)
{
	store_close(*s);
}

const char *store_url(const struct store *s)
{
	return s->url;
}

char *store_key_url(const struct store *s, const char *key, char *out, size_t cap)
{
	snprintf(out, cap, "%s/%s", s->url, key);
	return out;
}

/* "verb s3://b/k: " in front of the error. */
static int fail(const struct store *s, const char *verb, const char *key, struct err *e)
{
	char shown[STORE_URL_MAX];
	return err_context(e, "%s %s", verb, store_key_url(s, key, shown, sizeof(shown)));
}

int store_stat(struct store *s, const char *key, struct store_object *out, struct err *e)
{
	*out = (struct store_object){ .modified_ms = 0 };
	if (store_check_key(key, e) != 0 || s->backend->stat(s, key, out, e) != 0)
		return fail(s, "stat", key, e);
	return 0;
}

int store_source(struct store *s, const char *key, struct source **out, struct store_object *object,
                 struct err *e)
{
	struct store_object ignored;
	*out = NULL;
	if (!object)
		object = &ignored;
	*object = (struct store_object){ .modified_ms = 0 };
	if (store_check_key(key, e) != 0 || s->backend->source(s, key, out, object, e) != 0)
		return fail(s, "read", key, e);
	return 0;
}

static int check_save_id(const char *id, struct err *e)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-";
	size_t len = id ? strlen(id) : 0;
	if (len <= STORE_SAVE_ID_MAX && (len == 0 || strspn(id, allowed) == len))
		return 0;
	return err_set(e, ERR_KIND_BUG, "save id \"%s\" is not of the form [A-Za-z0-9-]{1,63}", id);
}

int store_sink(struct store *s, const char *key, const struct store_put *put, struct sink **out,
               struct err *e)
{
	static const struct store_put plain = { .save_id = NULL };
	*out = NULL;
	if (!put)
		put = &plain;
	if (store_check_key(key, e) != 0 || check_save_id(put->save_id, e) != 0 ||
	    s->backend->sink(s, key, put, out, e) != 0)
		return fail(s, "write", key, e);
	return 0;
}

static int copy_through(struct store *s, const char *from, const char *to,
                        const struct store_put *put, struct blob_id *id, struct err *e)
{
	SOURCE_AUTO source = NULL;
	SINK_AUTO sink = NULL;
	MEM_AUTO char *bytes = mem_new(COPY_BYTES, 1);
	size_t got;
	if (store_source(s, from, &source, NULL, e) != 0 || store_sink(s, to, put, &sink, e) != 0)
		return -1;
	for (uint64_t at = 0;; at += got) {
		if (source->read_at(source, at, bytes, COPY_BYTES, &got, e) != 0 ||
		    sink->write(sink, bytes, got, e) != 0)
			return -1;
		if (got < COPY_BYTES)
			return sink->finish(sink, id, e);
	}
}

int store_copy(struct store *s, const char *from, const char *to, const struct store_put *put,
               struct blob_id *id, struct err *e)
{
	if (!s->backend->copy)
		return copy_through(s, from, to, put, id, e);
	if (store_check_key(from, e) != 0 || store_check_key(to, e) != 0 ||
	    check_save_id(put->save_id, e) != 0 || s->backend->copy(s, from, to, put, id, e) != 0)
		return fail(s, "copy to", to, e);
	return 0;
}

bool store_is_conditional(struct store *s, const char *if_etag, bool is_small)
{
	return s->backend->is_conditional(s, if_etag, is_small);
}

int store_delete(struct store *s, const char *key, struct err *e)
{
	if (store_check_key(key, e) != 0 || s->backend->remove(s, key, e) != 0)
		return fail(s, "delete", key, e);
	return 0;
}

int store_list_open(struct store *s, const char *prefix, struct store_list **out, struct err *e)
{
	*out = NULL;
	if (s->backend->list(s, prefix, out, e) != 0)
		return fail(s, "list", prefix, e);
	return 0;
}

int store_list_next(struct store_list *l, struct store_list_entry *entry, struct err *e)
{
	return l->next(l, entry, e);
}

void store_list_close(struct store_list *l)
{
	if (l)
		l->close(l);
}

/* ---- shared by the kinds ---- */

static bool good_component(struct str c)
{
	return c.len > 0 && !str_is(c, ".") && !str_is(c, "..");
}

int store_check_key(const char *key, struct err *e)
{
	struct str rest = str_of(key);
	struct str component;
	bool more = true;
	if (rest.len > STORE_KEY_MAX)
		return err_set(e, ERR_KIND_USAGE, "a key of %zu bytes; %d are allowed", rest.len,
		               (int)STORE_KEY_MAX);
	while (more) {
		more = str_cut(rest, '/', &component, &rest);
		if (!good_component(component))
			return err_set(e, ERR_KIND_USAGE,
			               "key with an empty component, \".\" or \"..\"");
	}
	return 0;
}

int store_check_condition(const struct store_put *put, const struct store_object *object,
                          const char *shown, struct err *e)
{
	if (!put->if_etag)
		return 0;
	const char *etag = object ? object->id.etag : "";
	bool absence_asked = put->if_etag[0] == '\0';
	if (absence_asked ? !object : object && strcmp(put->if_etag, etag) == 0)
		return 0;
	if (!object)
		return err_set(e, ERR_KIND_CONFLICT, "%s is gone: someone deleted it meanwhile",
		               shown);
	return err_set(e, ERR_KIND_CONFLICT, "%s was %s by someone else meanwhile", shown,
	               absence_asked ? "made" : "replaced");
}

const char *store_content_type(const char *key, const struct store_put *put)
{
	static const struct {
		const char *ending, *type;
	} rows[] = {
		{ ".tar.gz", "application/gzip" },
		{ ".tgz", "application/gzip" },
		{ ".jsonl", "application/x-ndjson" },
		{ ".json", "application/json" },
	};
	if (put->content_type)
		return put->content_type;
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		if (str_ends(str_of(key), str_of(rows[i].ending)))
			return rows[i].type;
	}
	return NULL;
}
