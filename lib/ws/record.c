/* Records on disk. */
#include "ws/record.h"

#include <stdio.h>
#include <string.h>

#include "base/datetime.h"
#include "base/mem.h"
#include "os/dir.h"
#include "os/remove.h"
#include "os/sys.h"
#include "ws/record_fields.h"

enum { IDS_MAX = 1000 * 1000, LEFTOVERS_MAX = 100 * 1000 };

static const char record_file[] = "record.json";
static const char history_field[] = "history";

const char *record_state_name(enum record_state s)
{
	return record_fields_state_name(s);
}

void record_init(struct record *r, const char *id)
{
	/* Large: a compound literal would be made on the stack and copied. */
	memset(r, 0, sizeof(*r));
	r->state = RECORD_CREATING;
	snprintf(r->id, sizeof(r->id), "%s", id);
	r->labels = js_object();
}

void record_free(struct record *r)
{
	js_free(r->labels);
	js_free(r->document);
	r->labels = NULL;
	r->document = NULL;
}

int record_dir(const struct base_dir *b, const char *id, bool create, int *fd, struct err *e)
{
	if (base_dir_check_id(id, e) != 0)
		return -1;
	return create ? dir_make(b->ws_fd, id, 0700, fd, e) : dir_open(b->ws_fd, id, fd, e);
}

static int read_document(const struct base_dir *b, const char *id, struct js **out, struct err *e)
{
	FD_AUTO fd = -1;
	BUF_AUTO text = buf_make(RECORD_FILE_MAX);
	if (record_dir(b, id, false, &fd, e) != 0 || dir_read_file(fd, record_file, &text, e) != 0)
		return -1;
	return js_parse(buf_str(&text), record_file, out, e);
}

static int load(const struct base_dir *b, const char *id, struct record *r, struct err *e)
{
	if (read_document(b, id, &r->document, e) != 0 || record_fields_get(r, r->document, e) != 0)
		return -1;
	if (strcmp(r->id, id) != 0)
		return err_set(e, ERR_KIND_DATA, "it is of another workspace (%s)", r->id);
	return 0;
}

int record_load(const struct base_dir *b, const char *id, struct record *out, struct err *e)
{
	struct err why = ERR_INIT;
	record_init(out, "");
	if (load(b, id, out, &why) == 0)
		return 0;
	record_free(out);
	if (why.kind == ERR_KIND_NOT_FOUND)
		return err_set(e, ERR_KIND_NOT_FOUND, "workspace %s: no such workspace in %s", id,
		               b->path);
	*e = why;
	return err_context(e, "record of %s (%s/.ws/%s/%s)", id, b->path, id, record_file);
}

int record_reload(const struct base_dir *b, struct record *r, struct err *e)
{
	struct record *now = mem_new(1, sizeof(*now));
	int rc = record_load(b, r->id, now, e);
	if (rc == 0) {
		record_free(r);
		*r = *now;
	}
	mem_free(now);
	return rc;
}

int record_save(const struct base_dir *b, struct record *r, struct err *e)
{
	FD_AUTO fd = -1;
	BUF_AUTO text = buf_make(RECORD_FILE_MAX);
	if (!r->document)
		r->document = js_object();
	record_fields_put(r, r->document);
	js_format_pretty(r->document, &text);
	buf_add_char(&text, '\n');
	if (buf_check(&text, e, record_file) != 0 || record_dir(b, r->id, true, &fd, e) != 0 ||
	    dir_replace_file(fd, record_file, text.p, text.len, 0600, e) != 0)
		return err_context(e, "record of %s", r->id);
	return 0;
}

void record_clean(int fd)
{
	char **names;
	size_t count;
	struct err ignored = ERR_INIT;
	if (dir_list(fd, LEFTOVERS_MAX, &names, &count, &ignored) != 0)
		return;
	for (size_t i = 0; i < count; i++) {
		if (str_starts(str_of(names[i]), S(DIR_TEMP_PREFIX)) &&
		    dir_unlink(fd, names[i], &ignored) != 0)
			break;
	}
	mem_free(names);
}

int record_remove(const struct base_dir *b, const char *id, struct err *e)
{
	if (base_dir_check_id(id, e) != 0 || remove_tree(b->ws_fd, id, NULL, e) != 0)
		return err_context(e, "forget %s", id);
	return dir_sync(b->ws_fd, e);
}

struct record_part *record_part(struct record *r, const char *name)
{
	for (size_t i = 0; i < r->part_count; i++) {
		if (strcmp(r->parts[i].name, name) == 0)
			return &r->parts[i];
	}
	if (r->part_count == RECORD_PARTS_MAX || strlen(name) >= sizeof(r->parts[0].name))
		return NULL;
	struct record_part *p = &r->parts[r->part_count++];
	memset(p, 0, sizeof(*p));
	snprintf(p->name, sizeof(p->name), "%s", name);
	return p;
}

/* In the place of the newest `replaced` ones. */
static void add_event(struct record *r, const char *event, struct js *fields, size_t replaced)
{
	char time[DATETIME_TEXT_MAX];
	struct js *line = js_object(), *kept = js_array();
	js_set_text(line, "time", datetime_iso_ms(sys_now_ms(), time));
	js_set_text(line, "event", event);
	for (size_t i = 0; i < js_count(fields); i++) {
		MEM_AUTO char *key = mem_str(js_key_at(fields, i));
		js_set(line, key, js_copy(js_field_at(fields, i)));
	}
	js_free(fields);
	if (!r->document)
		r->document = js_object();
	const struct js *old = js_get(r->document, history_field);
	size_t count = js_is_array(old) ? js_count(old) - replaced : 0;
	for (size_t i = count < RECORD_EVENTS_MAX ? 0 : count - RECORD_EVENTS_MAX + 1; i < count;
	     i++)
		js_set(kept, NULL, js_copy(js_at(old, i)));
	js_set(kept, NULL, line);
	js_set(r->document, history_field, kept);
}

void record_event(struct record *r, const char *event, struct js *fields)
{
	add_event(r, event, fields, 0);
}

static const struct js *event_at(const struct record *r, size_t from_end)
{
	const struct js *all = r->document ? js_get(r->document, history_field) : NULL;
	size_t count = js_is_array(all) ? js_count(all) : 0;
	const struct js *event = from_end < count ? js_at(all, count - 1 - from_end) : NULL;
	return js_is_object(event) ? event : NULL;
}

static bool is_event(const struct js *event, const char *name)
{
	return event && str_is(js_get_str(event, "event"), name);
}

void record_event_again(struct record *r, const char *event, struct js *fields)
{
	const struct js *last = event_at(r, 0);
	bool again = is_event(last, event);
	if (again)
		js_set_int(fields, "times", js_get_int(last, "times", 1) + 1);
	add_event(r, event, fields, again ? 1 : 0);
}

const struct js *record_last_event(const struct record *r, const char *event, const char *other)
{
	for (size_t i = 0; i < RECORD_EVENTS_MAX; i++) {
		const struct js *found = event_at(r, i);
		if (is_event(found, event) || is_event(found, other))
			return found;
	}
	return NULL;
}

bool record_is_discarding(const struct record *r)
{
	return is_event(event_at(r, 0), RECORD_DISCARDING);
}

bool record_part_may_be_saved(const struct record_part *p)
{
	return p->has_token && (p->was_absent || p->token.etag[0] != '\0');
}

/* Whether `name` in .ws is the directory of a workspace. */
static bool is_record_dir(const struct base_dir *b, const char *name)
{
	struct err ignored = ERR_INIT;
	struct file_stat st;
	return base_dir_check_id(name, &ignored) == 0 &&
	       dir_stat(b->ws_fd, name, &st, &ignored) == 0 && file_is_dir(&st);
}

int record_ids(const struct base_dir *b, char ***ids, size_t *count, struct err *e)
{
	size_t all, kept = 0;
	*count = 0;
	if (dir_list(b->ws_fd, IDS_MAX, ids, &all, e) != 0)
		return -1;
	for (size_t i = 0; i < all; i++) {
		if (is_record_dir(b, (*ids)[i]))
			(*ids)[kept++] = (*ids)[i];
	}
	(*ids)[kept] = NULL;
	*count = kept;
	return 0;
}

char *record_store_url(const struct record *r, const struct base_dir *b)
{
	return r->store[0] ? mem_text(r->store) : base_dir_store_url(b);
}

struct js *record_json(const struct record *r, const struct base_dir *b)
{
	struct js *o = js_object();
	MEM_AUTO char *path = base_dir_workspace_path(b, r->id);
	MEM_AUTO char *store = record_store_url(r, b);
	record_fields_put(r, o);
	js_set_text(o, "store", store);
	js_set_path(o, "path", str_of(path));
	const struct js *history = r->document ? js_get(r->document, history_field) : NULL;
	js_set(o, history_field, js_is_array(history) ? js_copy(history) : js_array());
	return o;
}
