/* record.json, skimmed. What is not written as ws writes it is left to record_load, so that both always say the same. */
#include "gc/gc_brief.h"

#include <string.h>

#include "base/mem.h"
#include "data/js_skim.h"
#include "os/dir.h"

enum { SKIM_BYTES = 24 * 1024 };

/* Texts that have to fit where a record has them; of those the first few are wanted. */
enum { TEXT_ID, TEXT_PROFILE, TEXT_OWNER, TEXT_STATE, TEXT_GIT_DIR, TEXT_ARCHIVE, TEXT_BOOT_ID };
static const struct text_row {
	const char *name;
	size_t len_max;
} record_rows[] = {
	[TEXT_ID] = { "id", BASE_DIR_ID_MAX },
	[TEXT_PROFILE] = { "profile", 63 },
	[TEXT_OWNER] = { "owner", 255 },
	[TEXT_STATE] = { "state", 63 },
	[TEXT_GIT_DIR] = { "git_dir", 4095 },
	[TEXT_ARCHIVE] = { "archive_url", 4095 },
	[TEXT_BOOT_ID] = { "holder_boot_id", 39 },
	{ "holder_cgroup", CGROUP_PATH_MAX - 1 },
	{ "archive_sha256", 64 },
	{ "task_status", 15 },
	{ "workspace", BASE_DIR_ID_MAX },
	{ "session", BASE_DIR_ID_MAX },
	{ "store", 2047 },
	{ "root", 4095 },
	{ "idempotency_key", 255 },
	{ "trash_name", 255 },
	{ "git_repo", 4095 },
	{ "git_branch", 255 },
	{ "git_head", 255 },
	{ "git_base", 79 },
	{ "git_from", 255 },
	{ "git_stale", 1023 },
	{ "git_preserved", 79 },
	{ "git_links", 4095 },
};
static const struct text_row part_rows[] = {
	{ "name", 63 },    { "key", 1099 },      { "token_sha256", 64 },
	{ "save_id", 63 }, { "side_key", 1199 }, { "token_etag", BLOB_ETAG_MAX - 1 },
};

enum {
	OTHER_EPHEMERAL,
	OTHER_CREATED,
	OTHER_READY,
	OTHER_USED,
	OTHER_SAVED,
	OTHER_PID,
	OTHER_START,
	OTHER_LABELS,
	OTHER_PARTS,
	OTHER_VERSION,
	OTHER_COUNT
};
static const char *const other_names[OTHER_COUNT] = {
	[OTHER_EPHEMERAL] = "ephemeral",
	[OTHER_CREATED] = "created_ms",
	[OTHER_READY] = "ready_ms",
	[OTHER_USED] = "last_used_ms",
	[OTHER_SAVED] = "saved_ms",
	[OTHER_PID] = "holder_pid",
	[OTHER_START] = "holder_start_ticks",
	[OTHER_LABELS] = "labels",
	[OTHER_PARTS] = "parts",
	[OTHER_VERSION] = "version",
};

static bool fits(const struct text_row *rows, const struct js_skim_field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		bool is_text = fields[i].kind == JS_SKIM_TEXT;
		if (is_text && fields[i].text.len > rows[i].len_max)
			return false;
		if (!is_text && fields[i].kind != JS_SKIM_ABSENT)
			return false;
	}
	return true;
}

static bool skim_parts(struct str array)
{
	struct str part;
	size_t count = 0;
	while (js_skim_next(&array, &part)) {
		struct js_skim_field fields[COUNTOF(part_rows)];
		for (size_t i = 0; i < COUNTOF(part_rows); i++)
			fields[i].name = part_rows[i].name;
		if (!js_skim(part, fields, COUNTOF(fields)) ||
		    !fits(part_rows, fields, COUNTOF(fields)) || fields[0].text.len == 0 ||
		    ++count > RECORD_PARTS_MAX)
			return false;
	}
	return true;
}

static bool find_state(struct str name, enum record_state *out)
{
	for (*out = RECORD_CREATING; *out <= RECORD_ARCHIVED; (*out)++) {
		if (str_is(name, record_state_name(*out)))
			return true;
	}
	return false;
}

static bool parse_labels(const struct js_skim_field *found, struct js **out)
{
	struct err ignored = ERR_INIT;
	*out = NULL;
	if (found->kind == JS_SKIM_ABSENT || str_is(found->text, "{}"))
		return true;
	return found->kind == JS_SKIM_OTHER && found->text.p[0] == '{' &&
	       js_parse(found->text, "labels", out, &ignored) == 0;
}

/* Below the base's own store: whose base that is gc_archive_send sees. */
static bool is_archived_here(enum record_state state, struct str url)
{
	return state == RECORD_ARCHIVED && str_starts(url, S("file://")) &&
	       str_has(url, S("/.ws/store/archive/"));
}

static int64_t number_of(const struct js_skim_field *f)
{
	return f->kind == JS_SKIM_INT ? f->number : 0;
}

static bool take_others(const struct js_skim_field *f, struct gc_brief *out)
{
	out->ephemeral = f[OTHER_EPHEMERAL].kind == JS_SKIM_BOOL && f[OTHER_EPHEMERAL].number;
	out->created_ms = number_of(&f[OTHER_CREATED]);
	out->ready_ms = number_of(&f[OTHER_READY]);
	out->last_used_ms = number_of(&f[OTHER_USED]);
	out->saved_ms = number_of(&f[OTHER_SAVED]);
	out->holder.pid = (int32_t)number_of(&f[OTHER_PID]);
	out->holder.start_ticks = (uint64_t)number_of(&f[OTHER_START]);
	return number_of(&f[OTHER_VERSION]) == 1 && skim_parts(f[OTHER_PARTS].text) &&
	       parse_labels(&f[OTHER_LABELS], &out->labels);
}

bool gc_brief_skim(struct str text, const char *id, struct gc_brief *out)
{
	enum { TEXTS = COUNTOF(record_rows) };
	struct js_skim_field fields[TEXTS + OTHER_COUNT];
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < COUNTOF(fields); i++)
		fields[i].name = i < TEXTS ? record_rows[i].name : other_names[i - TEXTS];
	if (!js_skim(text, fields, COUNTOF(fields)) || !fits(record_rows, fields, TEXTS) ||
	    !str_is(fields[TEXT_ID].text, id) ||
	    !find_state(fields[TEXT_STATE].text, &out->state) ||
	    str_copy(fields[TEXT_PROFILE].text, out->profile, sizeof(out->profile)) != 0 ||
	    str_copy(fields[TEXT_OWNER].text, out->owner, sizeof(out->owner)) != 0 ||
	    str_copy(fields[TEXT_BOOT_ID].text, out->holder.boot_id, sizeof(out->holder.boot_id)) !=
	            0)
		return false;
	out->in_git = fields[TEXT_GIT_DIR].text.len > 0;
	out->in_archive = is_archived_here(out->state, fields[TEXT_ARCHIVE].text);
	return take_others(fields + TEXTS, out);
}

/* Whether the file could be skimmed. */
static bool skim_file(const struct base_dir *b, const char *id, struct gc_brief *out)
{
	FD_AUTO dir = -1;
	FD_AUTO fd = -1;
	char text[SKIM_BYTES];
	size_t len = 0;
	struct err ignored = ERR_INIT;
	if (record_dir(b, id, false, &dir, &ignored) != 0 ||
	    dir_open_file(dir, "record.json", &fd, &ignored) != 0 ||
	    file_read(fd, text, sizeof(text), &len, &ignored, id) != 0)
		return false;
	return len < sizeof(text) && gc_brief_skim(str_from(text, len), id, out);
}

void gc_brief_from(const struct record *r, struct gc_brief *out)
{
	BUF_AUTO labels = buf_make(RECORD_FILE_MAX);
	struct err ignored = ERR_INIT;
	*out = (struct gc_brief){
		.state = r->state,
		.ephemeral = r->ephemeral,
		.in_git = r->git_dir[0] != '\0',
		.in_archive = is_archived_here(r->state, str_of(r->archive_url)),
		.created_ms = r->created_ms,
		.ready_ms = r->ready_ms,
		.last_used_ms = r->last_used_ms,
		.saved_ms = r->saved_ms,
	};
	out->holder.pid = (int32_t)r->holder_pid;
	out->holder.start_ticks = (uint64_t)r->holder_start_ticks;
	memcpy(out->holder.boot_id, r->holder_boot_id, sizeof(out->holder.boot_id));
	memcpy(out->profile, r->profile, sizeof(out->profile));
	memcpy(out->owner, r->owner, sizeof(out->owner));
	if (js_count(r->labels) == 0)
		return;
	js_format(r->labels, &labels);
	if (js_parse(buf_str(&labels), "labels", &out->labels, &ignored) != 0)
		out->labels = NULL;
}

int gc_brief_load(const struct base_dir *b, const char *id, struct gc_brief *out, struct err *e)
{
	if (skim_file(b, id, out))
		return 0;
	gc_brief_free(out);
	MEM_AUTO struct record *r = mem_new(1, sizeof(*r));
	memset(out, 0, sizeof(*out));
	if (record_load(b, id, r, e) != 0)
		return -1;
	gc_brief_from(r, out);
	record_free(r);
	return 0;
}

void gc_brief_free(struct gc_brief *b)
{
	js_free(b->labels);
	b->labels = NULL;
}
