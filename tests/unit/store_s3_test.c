/* The S3 store, over an S3 client that lives in this file: one bucket, in memory. */
#include <stdlib.h>

#include "base/mem.h"
#include "s3/s3_conditional.h"
#include "store/store.h"
#include "tests/unit/tap.h"

/* ---- the client ---- */

enum { OBJECTS_MAX = 16 };

static struct {
	struct fake_object {
		char key[S3_KEY_MAX + 1];
		char *content;
		struct s3_object meta;
	} objects[OBJECTS_MAX];
	size_t count;
	unsigned opened, states;
	char content_type[128], if_match[128];
	bool if_none_match, honours_put, honours_completion;
	bool loses_save_id, cuts, is_down;
	const char *put_by_another; /* a key that somebody else writes right before our commit */
} fake;

struct s3 {
	int unused;
};

static struct fake_object *find(struct str key)
{
	for (size_t i = 0; i < fake.count; i++) {
		if (str_is(key, fake.objects[i].key))
			return &fake.objects[i];
	}
	return NULL;
}

static struct fake_object *put(struct str key, struct str content, const char *save_id)
{
	struct fake_object *o = find(key);
	if (!o) {
		o = &fake.objects[fake.count++];
		if (str_copy(key, o->key, sizeof(o->key)) != 0)
			abort();
	}
	mem_free(o->content);
	o->content = mem_str(content);
	o->meta = (struct s3_object){ .size_bytes = content.len, .modified_ms = 1000 };
	snprintf(o->meta.etag, sizeof(o->meta.etag), "state-%u", ++fake.states);
	snprintf(o->meta.save_id, sizeof(o->meta.save_id), "%s", save_id ? save_id : "");
	return o;
}

int s3_open(const struct s3_config *config, struct s3 **out, struct err *e)
{
	(void)config;
	(void)e;
	fake.opened++;
	*out = mem_new(1, sizeof(struct s3));
	return 0;
}

void s3_close(struct s3 *s3)
{
	mem_free(s3);
}

int s3_head(struct s3 *s3, struct str bucket, struct str key, struct s3_object *out, struct err *e)
{
	(void)s3;
	const struct fake_object *o = find(key);
	if (fake.is_down)
		return err_set(e, ERR_KIND_TRY_AGAIN, "the service is down");
	if (!o || !str_is(bucket, "bucket"))
		return err_set(e, ERR_KIND_NOT_FOUND, "no such key");
	*out = o->meta;
	return 0;
}

int s3_source(struct s3 *s3, struct str bucket, struct str key, struct source **out,
              struct s3_object *object, struct err *e)
{
	if (s3_head(s3, bucket, key, object, e) != 0)
		return -1;
	const struct fake_object *o = find(key);
	*out = source_from_memory(o->content, o->meta.size_bytes);
	return 0;
}

struct fake_sink {
	struct sink base;
	char key[S3_KEY_MAX + 1];
	char save_id[64];
	struct buf content;
};

static int fake_write(struct sink *s, const void *p, size_t len, struct err *e)
{
	struct fake_sink *f = (struct fake_sink *)(void *)s;
	buf_add(&f->content, p, len);
	return buf_check(&f->content, e, "fake");
}

static int fake_finish(struct sink *s, struct blob_id *id, struct err *e)
{
	struct fake_sink *f = (struct fake_sink *)(void *)s;
	(void)e;
	if (id)
		abort(); /* the store asks with HEAD */
	struct str content = str_head(buf_str(&f->content), fake.cuts ? 1 : SIZE_MAX);
	put(str_of(f->key), content, fake.loses_save_id ? "" : f->save_id);
	return 0;
}

static void fake_abort(struct sink *s)
{
	(void)s;
}

static void fake_close(struct sink *s)
{
	buf_free(&((struct fake_sink *)(void *)s)->content);
	mem_free(s);
}

int s3_sink(struct s3 *s3, struct str bucket, struct str key, const struct s3_put *how,
            struct progress *progress, struct sink **out, struct err *e)
{
	(void)s3;
	(void)bucket;
	(void)progress;
	(void)e;
	struct fake_sink *f = mem_new(1, sizeof(*f));
	f->base = (struct sink){ fake_write, fake_finish, fake_abort, fake_close };
	f->content = buf_make(1 << 20);
	if (str_copy(key, f->key, sizeof(f->key)) != 0)
		abort();
	snprintf(f->save_id, sizeof(f->save_id), "%s", how->save_id ? how->save_id : "");
	snprintf(fake.content_type, sizeof(fake.content_type), "%s",
	         how->content_type ? how->content_type : "");
	snprintf(fake.if_match, sizeof(fake.if_match), "%s", how->if_match ? how->if_match : "");
	fake.if_none_match = how->if_none_match;
	*out = &f->base;
	return 0;
}

int s3_copy(struct s3 *s3, struct str from_bucket, struct str from_key, struct str bucket,
            struct str key, const struct s3_put *how, struct blob_id *id, struct err *e)
{
	struct s3_object object;
	if (s3_head(s3, from_bucket, from_key, &object, e) != 0 || !str_eq(from_bucket, bucket))
		return -1;
	const struct fake_object *o = put(key, str_of(find(from_key)->content), how->save_id);
	*id = (struct blob_id){ .size_bytes = o->meta.size_bytes };
	return 0;
}

enum s3_answer s3_conditional_ask(struct s3 *s3, struct str bucket, struct str prefix,
                                  enum s3_condition what, char how[S3_PROBE_HOW_MAX], struct err *e)
{
	(void)s3;
	(void)e;
	how[0] = '\0';
	if (!str_is(bucket, "bucket") || !str_is(prefix, "p/"))
		abort();
	bool of_put = what == S3_CONDITION_CREATE || what == S3_CONDITION_REPLACE;
	return (of_put ? fake.honours_put : fake.honours_completion) ? S3_ANSWER_YES : S3_ANSWER_NO;
}

int s3_delete(struct s3 *s3, struct str bucket, struct str key, struct err *e)
{
	(void)s3;
	(void)bucket;
	(void)e;
	struct fake_object *o = find(key);
	if (o) {
		mem_free(o->content);
		*o = fake.objects[--fake.count];
		fake.objects[fake.count] = (struct fake_object){ .content = NULL };
	}
	return 0;
}

struct s3_list {
	char *prefix;
	size_t at;
};

int s3_list_open(struct s3 *s3, struct str bucket, struct str prefix, struct str delimiter,
                 struct s3_list **out, struct err *e)
{
	(void)s3;
	(void)bucket;
	(void)delimiter;
	(void)e;
	*out = mem_new(1, sizeof(**out));
	(*out)->prefix = mem_str(prefix);
	return 0;
}

int s3_list_next(struct s3_list *l, struct s3_list_entry *entry, struct err *e)
{
	(void)e;
	while (l->at < fake.count) {
		const struct fake_object *o = &fake.objects[l->at++];
		if (!str_starts(str_of(o->key), str_of(l->prefix)))
			continue;
		*entry = (struct s3_list_entry){ .key = str_of(o->key),
			                         .size_bytes = o->meta.size_bytes };
		return 1;
	}
	return 0;
}

void s3_list_close(struct s3_list *l)
{
	mem_free(l->prefix);
	mem_free(l);
}

/* ---- the tests ---- */

static struct store *open_store(const char *url)
{
	struct store *s;
	struct err e = ERR_INIT;
	if (store_open(url, NULL, &s, &e) != 0)
		abort();
	return s;
}

static enum err_kind write_to(struct store *s, const char *key, const char *save_id,
                              const char *if_etag, struct blob_id *id)
{
	struct err e = ERR_INIT;
	SINK_AUTO sink = NULL;
	const struct store_put how = { .save_id = save_id, .if_etag = if_etag };
	if (store_sink(s, key, &how, &sink, &e) != 0 || sink->write(sink, "hello", 5, &e) != 0)
		return e.kind;
	if (fake.put_by_another)
		put(str_of(fake.put_by_another), S("theirs"), "");
	return sink->finish(sink, id, &e) == 0 ? ERR_KIND_NONE : e.kind;
}

static void test_prefix(void)
{
	STORE_AUTO s = open_store("s3://bucket/pre/fix/");
	struct blob_id id;
	struct store_object o;
	struct err e = ERR_INIT;
	TAP_INT(fake.opened, 0, "no client is made before it is needed");
	TAP_INT(write_to(s, "a/b.tar.gz", "n-1", NULL, &id), 0, "an object is written");
	TAP_INT(fake.opened, 1, "by one client");
	TAP_OK(find(S("pre/fix/a/b.tar.gz")) != NULL, "below the prefix");
	TAP_TEXT(fake.content_type, "application/gzip", "with the type that its name says");
	TAP_OK(store_stat(s, "a/b.tar.gz", &o, &e) == 0 && o.id.size_bytes == 5 &&
	               strcmp(o.save_id, "n-1") == 0 && strcmp(o.id.etag, id.etag) == 0,
	       "it is found, with its save id and the tag that finish gave");
	SOURCE_AUTO source = NULL;
	char bytes[8];
	size_t got;
	TAP_OK(store_source(s, "a/b.tar.gz", &source, &o, &e) == 0 &&
	               source->read_at(source, 1, bytes, sizeof(bytes), &got, &e) == 0 &&
	               got == 4 && memcmp(bytes, "ello", 4) == 0,
	       "and read");
	put(S("pre/fixed"), S("x"), "");
	put(S("pre/fix/a/c"), S("x"), "");
	BUF_AUTO keys = buf_make(1000);
	struct store_list *l;
	struct store_list_entry entry;
	if (store_list_open(s, "a/", &l, &e) != 0)
		abort();
	while (store_list_next(l, &entry, &e) > 0)
		buf_printf(&keys, "%s ", entry.key);
	store_list_close(l);
	TAP_TEXT(keys.p, "a/b.tar.gz a/c ",
	         "keys are listed without the prefix, and none of a neighbour");
	TAP_OK(store_delete(s, "a/b.tar.gz", &e) == 0 && store_stat(s, "a/b.tar.gz", &o, &e) != 0 &&
	               e.kind == ERR_KIND_NOT_FOUND,
	       "it is deleted");
	TAP_OK(strstr(e.msg, "s3://bucket/pre/fix/a/b.tar.gz") != NULL,
	       "errors name the object: %s", e.msg);
}

static void test_conditions(void)
{
	STORE_AUTO s = open_store("s3://bucket");
	struct blob_id first, second;
	TAP_INT(write_to(s, "k", NULL, "", &first), 0, "absence asked for and found");
	TAP_INT(write_to(s, "k", NULL, "", &second), ERR_KIND_CONFLICT,
	        "absence asked for and not found is a conflict");
	TAP_INT(write_to(s, "k", NULL, first.etag, &second), 0, "the right state is replaced");
	TAP_INT(write_to(s, "k", NULL, first.etag, &second), ERR_KIND_CONFLICT,
	        "the state before is not the right one");
	TAP_INT(write_to(s, "gone", NULL, first.etag, &second), ERR_KIND_CONFLICT,
	        "a state that is gone is a conflict");
	fake.put_by_another = "k2";
	TAP_INT(write_to(s, "k2", NULL, "", &second), ERR_KIND_CONFLICT,
	        "the look is right before the commit");
	fake.put_by_another = NULL;
	TAP_OK(strcmp(find(S("k2"))->content, "theirs") == 0, "nothing of theirs is replaced");
	fake.is_down = true;
	TAP_INT(write_to(s, "k", NULL, first.etag, &second), ERR_KIND_TRY_AGAIN,
	        "what can't be asked is not absent");
	fake.is_down = false;
}

static void test_server_conditions(void)
{
	STORE_AUTO s = open_store("s3://bucket/p");
	SINK_AUTO sink = NULL;
	struct err e = ERR_INIT;
	struct store_put how = { .if_etag = "tag" };
	TAP_OK(!store_is_conditional(s, "", false) && !store_is_conditional(s, "", true),
	       "a server that does not look is not conditional");
	fake.honours_put = true;
	TAP_OK(!store_is_conditional(s, "tag", false) && store_is_conditional(s, "tag", true),
	       "one that looks at a PUT alone is so for small objects");
	fake.honours_completion = true;
	TAP_OK(store_is_conditional(s, "tag", false), "one that looks always is so for all");
	TAP_OK(store_sink(s, "c", &how, &sink, &e) == 0 && !fake.if_match[0],
	       "a condition goes to the server only when that is asked for");
	sink_close(&sink);
	how.atomic = true;
	TAP_OK(store_sink(s, "c", &how, &sink, &e) == 0 && strcmp(fake.if_match, "tag") == 0 &&
	               !fake.if_none_match,
	       "then as If-Match");
	sink_close(&sink);
	how.if_etag = "";
	TAP_OK(store_sink(s, "c", &how, &sink, &e) == 0 && !fake.if_match[0] && fake.if_none_match,
	       "or for absence as If-None-Match");
}

static void test_copy(void)
{
	STORE_AUTO s = open_store("s3://bucket/p");
	struct blob_id first, id;
	struct err e = ERR_INIT;
	struct store_put how = { .save_id = "n-2", .if_etag = "" };
	write_to(s, "from", "n-1", NULL, &first);
	TAP_OK(store_copy(s, "from", "to", &how, &id, &e) == 0 && id.size_bytes == 5 &&
	               strcmp(find(S("p/to"))->meta.save_id, "n-2") == 0,
	       "the server copies an object, under its new save id");
	TAP_OK(store_copy(s, "from", "to", &how, &id, &e) != 0 && e.kind == ERR_KIND_CONFLICT,
	       "not over what is not expected there: %s", e.msg);
}

static void test_verification(void)
{
	STORE_AUTO s = open_store("s3://bucket");
	fake.cuts = true;
	TAP_INT(write_to(s, "v", "n", NULL, NULL), ERR_KIND_DATA,
	        "an object that came out shorter is an error");
	fake.cuts = false;
	fake.loses_save_id = true;
	TAP_INT(write_to(s, "v", "n", NULL, NULL), ERR_KIND_DATA,
	        "so is one with another save id than was sent");
	TAP_INT(write_to(s, "v", NULL, NULL, NULL), 0, "none was sent, none is expected");
	fake.loses_save_id = false;
}

static void test_blobs(void)
{
	struct err e = ERR_INIT;
	SINK_AUTO sink = NULL;
	SOURCE_AUTO source = NULL;
	unsigned before = fake.opened;
	TAP_OK(store_blob_sink("s3://bucket/dir//odd.jsonl", NULL, NULL, &sink, &e) == 0 &&
	               sink->write(sink, "abc", 3, &e) == 0 && sink->finish(sink, NULL, &e) == 0,
	       "an S3 operand is written, whatever its key: %s", e.msg);
	TAP_TEXT(fake.content_type, "application/x-ndjson", "with its type");
	sink_close(&sink);
	char bytes[8];
	size_t got;
	TAP_OK(store_blob_source("s3://bucket/dir//odd.jsonl", NULL, &source, &e) == 0 &&
	               source->size_known &&
	               source->read_at(source, 0, bytes, sizeof(bytes), &got, &e) == 0 && got == 3,
	       "and read");
	TAP_INT(fake.opened - before, 2, "each has a client of its own, and closes it");
	source_close(&source);
	TAP_OK(store_blob_source("s3://bucket/absent", NULL, &source, &e) != 0 &&
	               e.kind == ERR_KIND_NOT_FOUND,
	       "one that is absent is not found: %s", e.msg);
}

int main(void)
{
	test_prefix();
	test_conditions();
	test_server_conditions();
	test_copy();
	test_verification();
	test_blobs();
	for (size_t i = 0; i < fake.count; i++)
		mem_free(fake.objects[i].content);
	return tap_done();
}
