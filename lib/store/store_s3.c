/* The S3 store. What its sink adds to s3_sink: the condition before the commit, and the proof after it. */
#include "store/store_s3.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "os/log.h"
#include "s3/s3_conditional.h"

enum { FULL_KEY_MAX = 2 * STORE_KEY_MAX + 2 };

struct s3_store {
	struct store base;
	struct s3_config config;
	struct s3 *s3; /* NULL: not opened yet */
	char *bucket, *prefix;
};

static struct s3_store *self(struct store *s)
{
	return (struct s3_store *)(void *)s;
}

static int open_client(struct s3_store *s, struct err *e)
{
	return s->s3 ? 0 : s3_open(&s->config, &s->s3, e);
}

/* prefix/key, or the key alone; a view of `text`. */
static int full_key(const struct s3_store *s, const char *key, char text[FULL_KEY_MAX],
                    struct str *out, struct err *e)
{
	int len = snprintf(text, FULL_KEY_MAX, "%s%s%s", s->prefix, s->prefix[0] ? "/" : "", key);
	*out = str_of(text);
	if (len > 0 && len <= S3_KEY_MAX)
		return 0;
	return err_set(e, ERR_KIND_USAGE, "the key with its prefix must have 1 to %d bytes",
	               (int)S3_KEY_MAX);
}

static void from_s3(const struct s3_object *o, struct store_object *out)
{
	*out = (struct store_object){
		.id = { .size_bytes = o->size_bytes },
		.modified_ms = o->modified_ms,
	};
	memcpy(out->id.etag, o->etag, sizeof(out->id.etag));
	memcpy(out->save_id, o->save_id, sizeof(out->save_id));
}

static int head(struct s3_store *s, struct str key, struct store_object *out, struct err *e)
{
	struct s3_object object;
	if (s3_head(s->s3, str_of(s->bucket), key, &object, e) != 0)
		return -1;
	from_s3(&object, out);
	return 0;
}

static int s3_store_stat(struct store *base, const char *key, struct store_object *out,
                         struct err *e)
{
	struct s3_store *s = self(base);
	char text[FULL_KEY_MAX];
	struct str full;
	if (full_key(s, key, text, &full, e) != 0 || open_client(s, e) != 0)
		return -1;
	return head(s, full, out, e);
}

static int s3_store_source(struct store *base, const char *key, struct source **out,
                           struct store_object *object, struct err *e)
{
	struct s3_store *s = self(base);
	char text[FULL_KEY_MAX];
	struct str full;
	struct s3_object found;
	if (full_key(s, key, text, &full, e) != 0 || open_client(s, e) != 0 ||
	    s3_source(s->s3, str_of(s->bucket), full, out, &found, e) != 0)
		return -1;
	from_s3(&found, object);
	return 0;
}

/* ---- writing ---- */

/* What is at a key, and what it has to be. */
struct target {
	struct s3_store *store;
	const char *key; /* full */
	const char *save_id, *if_etag;
	uint64_t size_bytes;
};

static int check_condition(const struct target *t, struct err *e)
{
	const struct store_put put = { .if_etag = t->if_etag };
	struct store_object object;
	struct err why = ERR_INIT;
	if (!t->if_etag)
		return 0;
	int result = head(t->store, str_of(t->key), &object, &why);
	if (result != 0 && why.kind != ERR_KIND_NOT_FOUND) {
		*e = why;
		return -1;
	}
	char shown[STORE_URL_MAX];
	snprintf(shown, sizeof(shown), "s3://%s/%s", t->store->bucket, t->key);
	return store_check_condition(&put, result == 0 ? &object : NULL, shown, e);
}

/* Law 2 rests on this: what the store has now is what was sent, and nobody else's. */
static int check_stored(const struct target *t, struct blob_id *id, struct err *e)
{
	struct store_object object;
	if (head(t->store, str_of(t->key), &object, e) != 0)
		return err_context(e, "verify");
	if (t->save_id && strcmp(object.save_id, t->save_id) != 0)
		return err_set(
			e, object.save_id[0] ? ERR_KIND_CONFLICT : ERR_KIND_DATA,
			"verify: the store has another save (\"%s\") than the one sent (\"%s\")",
			object.save_id, t->save_id);
	if (object.id.size_bytes != t->size_bytes)
		return err_set(e, ERR_KIND_DATA,
		               "verify: %llu bytes were sent, but the store has %llu",
		               (unsigned long long)t->size_bytes,
		               (unsigned long long)object.id.size_bytes);
	if (id)
		*id = object.id;
	return 0;
}

struct s3_store_sink {
	struct sink base;
	struct s3_store *store;
	struct sink *inner;
	char *key;               /* full */
	char *save_id, *if_etag; /* NULL when not asked for */
	uint64_t written;
};

static struct s3_store_sink *sink_self(struct sink *s)
{
	return (struct s3_store_sink *)(void *)s;
}

static int sink_write(struct sink *base, const void *p, size_t len, struct err *e)
{
	struct s3_store_sink *s = sink_self(base);
	if (s->inner->write(s->inner, p, len, e) != 0)
		return -1;
	s->written += len;
	return 0;
}

static int sink_finish(struct sink *base, struct blob_id *id, struct err *e)
{
	struct s3_store_sink *s = sink_self(base);
	const struct target target = { s->store, s->key, s->save_id, s->if_etag, s->written };
	if (check_condition(&target, e) != 0)
		return -1;
	if (s->inner->finish(s->inner, NULL, e) != 0 || check_stored(&target, id, e) != 0)
		return err_context(e, "write s3://%s/%s", s->store->bucket, s->key);
	return 0;
}

static void sink_abort(struct sink *base)
{
	struct s3_store_sink *s = sink_self(base);
	s->inner->abort(s->inner);
}

static void sink_close_all(struct sink *base)
{
	struct s3_store_sink *s = sink_self(base);
	sink_close(&s->inner);
	mem_free(s->key);
	mem_free(s->save_id);
	mem_free(s->if_etag);
	mem_free(s);
}

static int s3_store_sink(struct store *base, const char *key, const struct store_put *put,
                         struct sink **out, struct err *e)
{
	struct s3_store *store = self(base);
	char text[FULL_KEY_MAX];
	struct str full;
	bool atomic = put->atomic && put->if_etag;
	const struct s3_put how = {
		.content_type = store_content_type(key, put),
		.save_id = put->save_id,
		.if_match = atomic && put->if_etag[0] ? put->if_etag : NULL,
		.if_none_match = atomic && !put->if_etag[0],
	};
	SINK_AUTO inner = NULL;
	if (full_key(store, key, text, &full, e) != 0 || open_client(store, e) != 0 ||
	    s3_sink(store->s3, str_of(store->bucket), full, &how, put->progress, &inner, e) != 0)
		return -1;
	struct s3_store_sink *s = mem_new(1, sizeof(*s));
	s->base = (struct sink){ sink_write, sink_finish, sink_abort, sink_close_all };
	s->store = store;
	s->inner = inner;
	s->key = mem_str(full);
	s->save_id = put->save_id ? mem_text(put->save_id) : NULL;
	s->if_etag = put->if_etag ? mem_text(put->if_etag) : NULL;
	inner = NULL;
	*out = &s->base;
	return 0;
}

static int s3_store_copy(struct store *base, const char *from, const char *to,
                         const struct store_put *put, struct blob_id *id, struct err *e)
{
	struct s3_store *s = self(base);
	char from_text[FULL_KEY_MAX], to_text[FULL_KEY_MAX];
	struct str source, full, bucket = str_of(s->bucket);
	struct blob_id made;
	const struct s3_put how = {
		.content_type = store_content_type(to, put),
		.save_id = put->save_id,
	};
	if (full_key(s, from, from_text, &source, e) != 0 ||
	    full_key(s, to, to_text, &full, e) != 0 || open_client(s, e) != 0)
		return -1;
	struct target target = { s, to_text, put->save_id, put->if_etag, 0 };
	if (check_condition(&target, e) != 0 ||
	    s3_copy(s->s3, bucket, source, bucket, full, &how, &made, e) != 0)
		return -1;
	target.size_bytes = made.size_bytes;
	return check_stored(&target, id, e);
}

static bool honours(struct s3_store *s, enum s3_condition what)
{
	char text[FULL_KEY_MAX], how[S3_PROBE_HOW_MAX] = "";
	struct err why = ERR_INIT; /* what can't be asked is not believed */
	snprintf(text, sizeof(text), "%s%s", s->prefix, s->prefix[0] ? "/" : "");
	if (s3_conditional_ask(s->s3, str_of(s->bucket), str_of(text), what, how, &why) ==
	    S3_ANSWER_YES)
		return true;
	log_info("s3://%s does not put conditionally (%s), and claims decide who goes first",
	         s->bucket, err_is(&why) ? why.msg : how);
	return false;
}

static bool s3_store_is_conditional(struct store *base, const char *if_etag, bool is_small)
{
	struct s3_store *s = self(base);
	struct err ignored = ERR_INIT;
	bool create = if_etag[0] == '\0';
	if (open_client(s, &ignored) != 0 ||
	    !honours(s, create ? S3_CONDITION_CREATE : S3_CONDITION_REPLACE))
		return false;
	return is_small ||
	       honours(s, create ? S3_CONDITION_CREATE_COMPLETE : S3_CONDITION_REPLACE_COMPLETE);
}

static int s3_store_remove(struct store *base, const char *key, struct err *e)
{
	struct s3_store *s = self(base);
	char text[FULL_KEY_MAX];
	struct str full;
	if (full_key(s, key, text, &full, e) != 0 || open_client(s, e) != 0)
		return -1;
	return s3_delete(s->s3, str_of(s->bucket), full, e);
}

/* ---- listing ---- */

struct s3_store_list {
	struct store_list base;
	struct s3_list *inner;
	size_t skip; /* bytes of the store's prefix and its '/' */
	char key[FULL_KEY_MAX];
};

static int list_next(struct store_list *base, struct store_list_entry *entry, struct err *e)
{
	struct s3_store_list *l = (struct s3_store_list *)(void *)base;
	struct s3_list_entry found;
	int result = s3_list_next(l->inner, &found, e);
	if (result <= 0)
		return result;
	if (found.key.len < l->skip ||
	    str_copy(str_skip(found.key, l->skip), l->key, sizeof(l->key)) != 0)
		return err_set(e, ERR_KIND_DATA,
		               "a listed key is not below the prefix, too long or "
		               "holds a zero byte");
	entry->key = l->key;
	entry->size_bytes = found.size_bytes;
	entry->modified_ms = found.modified_ms;
	return 1;
}

static void list_close(struct store_list *base)
{
	struct s3_store_list *l = (struct s3_store_list *)(void *)base;
	s3_list_close(l->inner);
	mem_free(l);
}

static int s3_store_list(struct store *base, const char *prefix, struct store_list **out,
                         struct err *e)
{
	struct s3_store *s = self(base);
	MEM_AUTO char *full = mem_printf("%s%s%s", s->prefix, s->prefix[0] ? "/" : "", prefix);
	struct s3_list *inner;
	if (open_client(s, e) != 0 ||
	    s3_list_open(s->s3, str_of(s->bucket), str_of(full), S(""), &inner, e) != 0)
		return -1;
	struct s3_store_list *l = mem_new(1, sizeof(*l));
	l->base = (struct store_list){ list_next, list_close };
	l->inner = inner;
	l->skip = strlen(full) - strlen(prefix);
	*out = &l->base;
	return 0;
}

static void s3_store_close(struct store *base)
{
	struct s3_store *s = self(base);
	if (s->s3)
		s3_close(s->s3);
	mem_free(s->bucket);
	mem_free(s->prefix);
	mem_free(s);
}

int store_s3_open(struct str bucket, struct str prefix, const struct s3_config *config,
                  struct store **out, struct err *e)
{
	static const struct store_backend backend = {
		.stat = s3_store_stat,
		.source = s3_store_source,
		.sink = s3_store_sink,
		.copy = s3_store_copy,
		.is_conditional = s3_store_is_conditional,
		.remove = s3_store_remove,
		.list = s3_store_list,
		.close = s3_store_close,
	};
	MEM_AUTO char *prefix_text = mem_str(prefix);
	if (prefix.len > 0 && store_check_key(prefix_text, e) != 0)
		return err_context(e, "prefix");
	struct s3_store *s = mem_new(1, sizeof(*s));
	s->base.backend = &backend;
	if (config)
		s->config = *config;
	s->bucket = mem_str(bucket);
	s->prefix = mem_str(prefix);
	*out = &s->base;
	return 0;
}
