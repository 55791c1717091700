/* Records: what is written comes back, what is not ours stays, what makes no sense is refused. */
#include "ws/record.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "os/dir.h"
#include "os/remove.h"
#include "tests/unit/tap.h"

static char top[] = "/tmp/ws-record-test-XXXXXX";

static void fill(struct record *r)
{
	record_init(r, "w1");
	snprintf(r->profile, sizeof(r->profile), "task");
	snprintf(r->workspace, sizeof(r->workspace), "wid");
	snprintf(r->session, sizeof(r->session), "sid");
	snprintf(r->owner, sizeof(r->owner), "agent \"7\"");
	snprintf(r->store, sizeof(r->store), "s3://b/p");
	snprintf(r->root, sizeof(r->root), "/base/w1");
	snprintf(r->idempotency_key, sizeof(r->idempotency_key), "key");
	snprintf(r->trash_name, sizeof(r->trash_name), "1.w1.x");
	r->state = RECORD_SAVING;
	r->ephemeral = true;
	r->created_ms = 1;
	r->ready_ms = 2;
	r->last_used_ms = 3;
	r->saved_ms = 4;
	r->archived_bytes = 5;
	r->content_bytes = 6;
	r->entries = 7;
	r->root_ino = 8;
	js_set_text(r->labels, "team", "blue");
	struct record_part *p = record_part(r, "shared");
	snprintf(p->key, sizeof(p->key), "k.tar.gz");
	p->has_token = true;
	p->token.size_bytes = 9;
	snprintf(p->token.etag, sizeof(p->token.etag), "etag-2");
	snprintf(p->token_sha256, sizeof(p->token_sha256), "%064d", 1);
	snprintf(p->save_id, sizeof(p->save_id), "nonce");
	snprintf(p->side_key, sizeof(p->side_key), "side");
	p->saved = true;
	p = record_part(r, "session");
	p->was_absent = true;
	p->has_token = true;
	p->partial = true;
}

static bool same_part(const struct record_part *a, const struct record_part *b)
{
	return strcmp(a->name, b->name) == 0 && strcmp(a->key, b->key) == 0 &&
	       a->has_token == b->has_token && a->was_absent == b->was_absent &&
	       a->token.size_bytes == b->token.size_bytes &&
	       strcmp(a->token.etag, b->token.etag) == 0 &&
	       strcmp(a->token_sha256, b->token_sha256) == 0 &&
	       strcmp(a->save_id, b->save_id) == 0 && strcmp(a->side_key, b->side_key) == 0 &&
	       a->saved == b->saved && a->partial == b->partial;
}

static bool same(const struct record *a, const struct record *b)
{
	if (a->part_count != b->part_count)
		return false;
	for (size_t i = 0; i < a->part_count; i++) {
		if (!same_part(&a->parts[i], &b->parts[i]))
			return false;
	}
	return strcmp(a->id, b->id) == 0 && strcmp(a->profile, b->profile) == 0 &&
	       strcmp(a->workspace, b->workspace) == 0 && strcmp(a->session, b->session) == 0 &&
	       strcmp(a->owner, b->owner) == 0 && strcmp(a->store, b->store) == 0 &&
	       strcmp(a->root, b->root) == 0 &&
	       strcmp(a->idempotency_key, b->idempotency_key) == 0 &&
	       strcmp(a->trash_name, b->trash_name) == 0 && a->state == b->state &&
	       a->ephemeral == b->ephemeral && a->created_ms == b->created_ms &&
	       a->ready_ms == b->ready_ms && a->last_used_ms == b->last_used_ms &&
	       a->saved_ms == b->saved_ms && a->archived_bytes == b->archived_bytes &&
	       a->content_bytes == b->content_bytes && a->entries == b->entries &&
	       a->root_ino == b->root_ino &&
	       str_eq(js_get_str(a->labels, "team"), js_get_str(b->labels, "team"));
}

static void test_round_trip(const struct base_dir *b)
{
	RECORD_AUTO r;
	RECORD_AUTO back;
	struct err e = ERR_INIT;
	fill(&r);
	TAP_INT(record_save(b, &r, &e), 0, "a record is saved");
	TAP_INT(record_load(b, "w1", &back, &e), 0, "and loaded");
	TAP_OK(same(&r, &back), "every field came back");
	TAP_OK(record_part_may_be_saved(&back.parts[0]) && record_part_may_be_saved(&back.parts[1]),
	       "parts that were read, or found absent, may be saved");
	back.parts[0].token.etag[0] = '\0';
	back.parts[1].has_token = false;
	TAP_OK(!record_part_may_be_saved(&back.parts[0]) &&
	               !record_part_may_be_saved(&back.parts[1]),
	       "parts with half a token, or none, may not");
}

static void test_history(const struct base_dir *b)
{
	RECORD_AUTO r;
	RECORD_AUTO back;
	struct err e = ERR_INIT;
	char name[32];
	record_init(&r, "w9");
	for (int i = 0; i < RECORD_EVENTS_MAX + 7; i++) {
		struct js *fields = js_object();
		js_set_int(fields, "n", i);
		snprintf(name, sizeof(name), "event-%d", i);
		record_event(&r, name, fields);
	}
	TAP_INT(record_save(b, &r, &e), 0, "a record with a long history is saved");
	TAP_INT(record_load(b, "w9", &back, &e), 0, "and loaded");
	JS_AUTO o = record_json(&back, b);
	const struct js *history = js_get(o, "history");
	TAP_INT(js_count(history), RECORD_EVENTS_MAX, "the history is bounded");
	TAP_OK(str_is(js_get_str(js_at(history, 0), "event"), "event-7") &&
	               js_get_int(js_at(history, RECORD_EVENTS_MAX - 1), "n", -1) ==
	                       RECORD_EVENTS_MAX + 6,
	       "to its newest events, in order, with their fields");
	TAP_INT(record_remove(b, "w9", &e), 0, "and goes with the record");
}

static void test_repeated_events(void)
{
	RECORD_AUTO r;
	record_init(&r, "w1");
	record_event(&r, "started", NULL);
	for (int i = 1; i <= 3; i++) {
		struct js *fields = js_object();
		js_set_int(fields, "bytes", i);
		record_event_again(&r, "saved", fields);
	}
	const struct js *history = js_get(r.document, "history");
	const struct js *last = record_last_event(&r, "saved", "save-failed");
	TAP_OK(js_count(history) == 2 && last == js_at(history, 1) &&
	               js_get_int(last, "bytes", 0) == 3 && js_get_int(last, "times", 0) == 3,
	       "an event that repeats takes the place of the one before, and is counted");
	record_event(&r, "paused", NULL);
	record_event_again(&r, "saved", js_object());
	history = js_get(r.document, "history");
	last = record_last_event(&r, "saved", "other");
	TAP_OK(js_count(history) == 4 && js_get_int(last, "times", 0) == 0,
	       "one that comes after another one stands beside it");
	TAP_OK(record_last_event(&r, "ended", "other") == NULL, "what never happened is not found");
}

static void write_text(const struct base_dir *b, const char *id, const char *text)
{
	FD_AUTO fd = -1;
	struct err e = ERR_INIT;
	if (record_dir(b, id, true, &fd, &e) != 0 ||
	    dir_replace_file(fd, "record.json", text, strlen(text), 0600, &e) != 0)
		abort();
}

static void test_unknown_fields(const struct base_dir *b)
{
	RECORD_AUTO r;
	RECORD_AUTO again;
	struct err e = ERR_INIT;
	write_text(
		b, "w2",
		"{\"version\":1,\"id\":\"w2\",\"state\":\"ready\",\"from_the_future\":{\"a\":[1,2]},"
		"\"parts\":[{\"name\":\"p\",\"key\":\"k\",\"chain\":3}]}");
	TAP_INT(record_load(b, "w2", &r, &e), 0, "a record with unknown fields is loaded");
	r.state = RECORD_SAVED;
	if (!record_part(&r, "q"))
		abort();
	TAP_INT(record_save(b, &r, &e), 0, "it is changed and saved");
	TAP_INT(record_load(b, "w2", &again, &e), 0, "and loaded again");
	TAP_OK(again.state == RECORD_SAVED && again.part_count == 2, "what was changed is changed");
	TAP_INT(js_count(js_get(js_get(again.document, "from_the_future"), "a")), 2,
	        "the unknown field is still there");
	TAP_INT(js_get_int(js_at(js_get(again.document, "parts"), 0), "chain", 0), 3,
	        "that of the part, too");
}

static void test_nonsense(const struct base_dir *b)
{
	static const struct {
		const char *text, *what;
	} rows[] = {
		{ "", "an empty file" },
		{ "{", "half a document" },
		{ "[]", "no object" },
		{ "{}", "no version" },
		{ "{\"version\":2,\"id\":\"bad\",\"state\":\"ready\"}", "a newer version" },
		{ "{\"version\":1,\"id\":\"other\",\"state\":\"ready\"}", "another workspace's" },
		{ "{\"version\":1,\"id\":\"bad\",\"state\":\"happy\"}", "an unknown state" },
		{ "{\"version\":1,\"id\":\"bad\",\"state\":\"ready\",\"parts\":[{}]}",
		  "a part without a name" },
		{ "{\"version\":1,\"id\":\"bad\",\"state\":\"ready\",\"parts\":[7]}",
		  "a part that is none" },
		{ "{\"version\":1,\"id\":\"bad\",\"state\":\"ready\",\"profile\":"
		  "\"0123456789012345678901234567890123456789012345678901234567890123456789\"}",
		  "a name that is too long" },
	};
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		struct record r;
		struct err e = ERR_INIT;
		write_text(b, "bad", rows[i].text);
		int result = record_load(b, "bad", &r, &e);
		TAP_OK(result != 0 && e.kind == ERR_KIND_DATA, "%s is refused: %s", rows[i].what,
		       e.msg);
		if (result == 0)
			record_free(&r);
	}
	struct record r;
	struct err e = ERR_INIT;
	TAP_OK(record_load(b, "nobody", &r, &e) != 0 && e.kind == ERR_KIND_NOT_FOUND,
	       "no record is not found");
	err_clear(&e);
	TAP_OK(record_load(b, "../w1", &r, &e) != 0 && e.kind == ERR_KIND_USAGE, "a path is no id");
}

static void test_ids(const struct base_dir *b)
{
	char **ids;
	size_t count;
	struct err e = ERR_INIT;
	FD_AUTO spool = -1;
	if (base_dir_area(b, "spool", &spool, &e) != 0)
		abort();
	TAP_INT(record_ids(b, &ids, &count, &e), 0, "the ids are listed");
	TAP_OK(count == 3 && strcmp(ids[0], "bad") == 0 && strcmp(ids[1], "w1") == 0 &&
	               strcmp(ids[2], "w2") == 0 && !ids[3],
	       "sorted, and without the directories that are ws's own");
	mem_free(ids);
	TAP_INT(record_remove(b, "bad", &e), 0, "one is removed");
	TAP_INT(record_remove(b, "bad", &e), 0, "twice, which is fine");
	TAP_INT(record_ids(b, &ids, &count, &e), 0, "the ids are listed again");
	TAP_INT(count, 2, "there is one less");
	mem_free(ids);
}

static void test_limits(void)
{
	RECORD_AUTO r;
	record_init(&r, "w");
	char name[80];
	for (int i = 0; i < RECORD_PARTS_MAX; i++) {
		snprintf(name, sizeof(name), "p%d", i);
		if (!record_part(&r, name))
			abort();
	}
	TAP_OK(record_part(&r, "p3") == &r.parts[3], "a part is found by its name");
	TAP_OK(!record_part(&r, "one more"), "there is an end to parts");
	memset(name, 'x', sizeof(name));
	name[79] = '\0';
	r.part_count = 0;
	TAP_OK(!record_part(&r, name), "and to their names");
}

static void test_json(const struct base_dir *b)
{
	RECORD_AUTO r;
	fill(&r);
	r.store[0] = '\0';
	JS_AUTO o = record_json(&r, b);
	MEM_AUTO char *path = base_dir_workspace_path(b, "w1");
	MEM_AUTO char *url = base_dir_store_url(b);
	TAP_OK(str_is(js_get_str(o, "path"), path), "as JSON a record tells the path");
	TAP_OK(str_is(js_get_str(o, "store"), url), "and the store, the embedded one by its URL");
	TAP_OK(str_is(js_get_str(o, "state"), "saving"), "and the state by its name");
}

int main(void)
{
	struct err e = ERR_INIT;
	BASE_DIR_AUTO b;
	if (!mkdtemp(top) || base_dir_open(top, true, &b, &e) != 0)
		return 1;
	test_round_trip(&b);
	test_history(&b);
	test_repeated_events();
	test_unknown_fields(&b);
	test_nonsense(&b);
	test_ids(&b);
	test_limits();
	test_json(&b);
	FD_AUTO tmp = -1;
	TAP_OK(dir_open_root("/tmp", &tmp, &e) == 0 && remove_tree(tmp, top + 5, NULL, &e) == 0,
	       "all of it is removed");
	return tap_done();
}
