/* The fields of record.json, each named once in a table. */
#include "ws/record_fields.h"

#include <stddef.h>
#include <string.h>

#include "base/mem.h"

enum { RECORD_VERSION = 1 };

/* A text field: its name, and the array in the struct that holds it. */
struct text_field {
	const char *name;
	size_t offset, size;
};
#define TEXT(type, member)                                                   \
	{                                                                    \
#member, offsetof(type, member), sizeof(((type *)0)->member) \
	}

struct number_field {
	const char *name;
	size_t offset;
};
#define NUMBER(type, member)                    \
	{                                       \
#member, offsetof(type, member) \
	}

static const struct text_field record_texts[] = {
	TEXT(struct record, id),
	TEXT(struct record, profile),
	TEXT(struct record, workspace),
	TEXT(struct record, session),
	TEXT(struct record, owner),
	TEXT(struct record, user),
	TEXT(struct record, store),
	TEXT(struct record, root),
	TEXT(struct record, encrypted),
	TEXT(struct record, idempotency_key),
	TEXT(struct record, task_status),
	TEXT(struct record, holder_boot_id),
	TEXT(struct record, holder_cgroup),
	TEXT(struct record, trash_name),
	TEXT(struct record, archive_url),
	TEXT(struct record, archive_sha256),
	TEXT(struct record, git_repo),
	TEXT(struct record, git_dir),
	TEXT(struct record, git_branch),
	TEXT(struct record, git_head),
	TEXT(struct record, git_made),
	TEXT(struct record, git_base),
	TEXT(struct record, git_from),
	TEXT(struct record, git_stale),
	TEXT(struct record, git_preserved),
	TEXT(struct record, git_links),
};

/* Times and counts; all of them 64 bits wide. */
static const struct number_field record_numbers[] = {
	NUMBER(struct record, created_ms),     NUMBER(struct record, ready_ms),
	NUMBER(struct record, last_used_ms),   NUMBER(struct record, saved_ms),
	NUMBER(struct record, archived_bytes), NUMBER(struct record, content_bytes),
	NUMBER(struct record, entries),        NUMBER(struct record, root_ino),
	NUMBER(struct record, mode),           NUMBER(struct record, lease_ms),
	NUMBER(struct record, holder_pid),     NUMBER(struct record, holder_start_ticks),
	NUMBER(struct record, holder_pid_ns),  NUMBER(struct record, live_save_ms),
};

static const struct text_field part_texts[] = {
	TEXT(struct record_part, key),
	TEXT(struct record_part, token_sha256),
	TEXT(struct record_part, save_id),
	TEXT(struct record_part, side_key),
};

static const struct number_field part_flags[] = {
	NUMBER(struct record_part, has_token),
	NUMBER(struct record_part, was_absent),
	NUMBER(struct record_part, saved),
	NUMBER(struct record_part, partial),
};

static const char *const state_names[] = {
	[RECORD_CREATING] = "creating", [RECORD_READY] = "ready",     [RECORD_SAVING] = "saving",
	[RECORD_SAVED] = "saved",       [RECORD_SPOOLED] = "spooled", [RECORD_TRASHED] = "trashed",
	[RECORD_ARCHIVED] = "archived",
};

const char *record_fields_state_name(enum record_state s)
{
	return (size_t)s < COUNTOF(state_names) ? state_names[s] : "unknown";
}

/* ---- to JSON ---- */

static void put_texts(const void *from, const struct text_field *fields, size_t count, struct js *o)
{
	for (size_t i = 0; i < count; i++)
		js_set_text(o, fields[i].name, (const char *)from + fields[i].offset);
}

static void put_part(const struct record_part *p, struct js *o)
{
	js_set_text(o, "name", p->name);
	put_texts(p, part_texts, COUNTOF(part_texts), o);
	for (size_t i = 0; i < COUNTOF(part_flags); i++) {
		bool value;
		memcpy(&value, (const char *)p + part_flags[i].offset, sizeof(value));
		js_set_bool(o, part_flags[i].name, value);
	}
	js_set_int(o, "token_size", (int64_t)p->token.size_bytes);
	js_set_text(o, "token_etag", p->token.etag);
}

/* The part's object in the array, made when absent: another version's fields in it stay. */
static struct js *part_object(struct js *array, const char *name)
{
	for (size_t i = 0; i < js_count(array); i++) {
		struct js *o = js_at(array, i);
		if (js_is_object(o) && str_is(js_get_str(o, "name"), name))
			return o;
	}
	js_set(array, NULL, js_object());
	return js_at(array, js_count(array) - 1);
}

static void put_parts(const struct record *r, struct js *o)
{
	if (!js_is_array(js_get(o, "parts")))
		js_set(o, "parts", js_array());
	struct js *array = js_get(o, "parts");
	for (size_t i = 0; i < r->part_count; i++)
		put_part(&r->parts[i], part_object(array, r->parts[i].name));
}

static void copy_labels(const struct js *from, struct js *to)
{
	for (size_t i = 0; i < js_count(from); i++) {
		struct js *value = js_field_at(from, i);
		MEM_AUTO char *key = mem_str(js_key_at(from, i));
		if (js_is_string(value))
			js_set_str(to, key, js_value_str(value));
	}
}

void record_fields_put(const struct record *r, struct js *o)
{
	js_set_int(o, "version", RECORD_VERSION);
	put_texts(r, record_texts, COUNTOF(record_texts), o);
	js_set_text(o, "state", record_state_name(r->state));
	js_set_bool(o, "ephemeral", r->ephemeral);
	js_set_bool(o, "git_drops_ignored", r->git_drops_ignored);
	js_set_bool(o, "hooks_pending", r->hooks_pending);
	for (size_t i = 0; i < COUNTOF(record_numbers); i++) {
		int64_t value;
		memcpy(&value, (const char *)r + record_numbers[i].offset, sizeof(value));
		js_set_int(o, record_numbers[i].name, value);
	}
	struct js *labels = js_object();
	copy_labels(r->labels, labels);
	js_set(o, "labels", labels);
	put_parts(r, o);
}

/* ---- from JSON ---- */

static int get_texts(void *to, const struct text_field *fields, size_t count, const struct js *o,
                     struct err *e)
{
	for (size_t i = 0; i < count; i++) {
		if (str_copy(js_get_str(o, fields[i].name), (char *)to + fields[i].offset,
		             fields[i].size) != 0)
			return err_set(e, ERR_KIND_DATA, "\"%s\" is too long or holds a zero byte",
			               fields[i].name);
	}
	return 0;
}

static int get_part(struct record *r, const struct js *o, struct err *e)
{
	MEM_AUTO char *name = mem_str(js_get_str(o, "name"));
	struct record_part *p = name[0] ? record_part(r, name) : NULL;
	if (!p)
		return err_set(e, ERR_KIND_DATA, "a part without a name, or too many of them");
	if (get_texts(p, part_texts, COUNTOF(part_texts), o, e) != 0)
		return -1;
	for (size_t i = 0; i < COUNTOF(part_flags); i++) {
		bool value = js_get_bool(o, part_flags[i].name, false);
		memcpy((char *)p + part_flags[i].offset, &value, sizeof(value));
	}
	p->token.size_bytes = (uint64_t)js_get_int(o, "token_size", 0);
	if (str_copy(js_get_str(o, "token_etag"), p->token.etag, sizeof(p->token.etag)) != 0)
		return err_set(e, ERR_KIND_DATA, "an ETag that is too long");
	return 0;
}

static int get_state(struct record *r, const struct js *o, struct err *e)
{
	struct str name = js_get_str(o, "state");
	for (size_t i = 0; i < COUNTOF(state_names); i++) {
		if (str_is(name, state_names[i])) {
			r->state = (enum record_state)i;
			return 0;
		}
	}
	return err_set(e, ERR_KIND_DATA, "the state is not one that this version knows");
}

static int check_version(const struct js *o, struct err *e)
{
	int64_t version = js_is_object(o) ? js_get_int(o, "version", 0) : 0;
	if (version == RECORD_VERSION)
		return 0;
	if (version > RECORD_VERSION)
		return err_set(e, ERR_KIND_DATA, "version %lld: written by a newer ws",
		               (long long)version);
	return err_set(e, ERR_KIND_DATA, "not a record");
}

int record_fields_get(struct record *r, const struct js *o, struct err *e)
{
	if (check_version(o, e) != 0 ||
	    get_texts(r, record_texts, COUNTOF(record_texts), o, e) != 0 || get_state(r, o, e) != 0)
		return -1;
	r->ephemeral = js_get_bool(o, "ephemeral", false);
	r->git_drops_ignored = js_get_bool(o, "git_drops_ignored", false);
	r->hooks_pending = js_get_bool(o, "hooks_pending", false);
	for (size_t i = 0; i < COUNTOF(record_numbers); i++) {
		int64_t value = js_get_int(o, record_numbers[i].name, 0);
		memcpy((char *)r + record_numbers[i].offset, &value, sizeof(value));
	}
	const struct js *labels = js_get(o, "labels");
	if (js_is_object(labels))
		copy_labels(labels, r->labels);
	const struct js *parts = js_get(o, "parts");
	for (size_t i = 0; js_is_array(parts) && i < js_count(parts); i++) {
		if (get_part(r, js_at(parts, i), e) != 0)
			return -1;
	}
	return 0;
}
