/* ws-ls: workspaces as they are: directory, record and lock are looked at, nothing is believed. */
#include <stdio.h>
#include <string.h>

#include "applets/ls_artifacts.h"
#include "applets/ls_dirty.h"
#include "applets/ws_options.h"
#include "base/mem.h"
#include "base/num.h"
#include "cli/table.h"
#include "gc/gc_look.h"
#include "os/dir.h"
#include "os/sys.h"
#include "ws/git_tree.h"

enum { OUTPUT_MAX = 256 << 20, NAMES_MAX = 1000000 };

struct options {
	struct ws_options where;
	const char *owner, *exists;
	struct opt_list labels;
	bool artifacts;
};

static const struct opt_row rows[] = {
	OPT_TEXT("owner", 0, "NAME", struct options, owner, "only those of this owner"),
	OPT_LIST("label", 'l', "K=V", struct options, labels,
	         "only those with each of these labels"),
	OPT_FLAG("include-artifacts", 0, struct options, artifacts,
	         "what each session added, modified and removed since its start, too"),
	OPT_TEXT("exists", 0, "ID", struct options, exists,
	         "print nothing; status 0 when the workspace is there, 66 when not"),
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	WS_OPTIONS_GROUP(offsetof(struct options, where)),
	OPT_GROUPS_END,
};

/* What all the rows need. */
struct listing {
	const struct applet_call *call;
	const struct options *options;
	const struct base_dir *base;
	struct table table;
	struct ls_artifacts artifacts;
	struct dir_space space;
	bool space_known;
	int64_t now_ms;
};

/* The record's state, unless what is there tells another story. */
static const char *state_of(const struct gc_look *l)
{
	if (!l->has_record)
		return "no-record";
	if (!l->record_ok)
		return "bad-record";
	if (l->record->state == RECORD_READY && !l->has_directory)
		return record_is_discarding(l->record) ? record_state_name(RECORD_TRASHED)
		                                       : "missing";
	if (l->record->state == RECORD_READY && !l->is_directory)
		return "replaced";
	if (l->record->state == RECORD_READY && l->locked)
		return "active";
	return record_state_name(l->record->state);
}

/* Who supervised the command would hold the lock. */
static const char *task_status_of(const struct gc_look *l)
{
	const char *status = l->record->task_status;
	bool goes_on = strcmp(status, "running") == 0 || strcmp(status, "paused") == 0;
	return goes_on && !l->locked ? "interrupted" : status;
}

static bool has_labels(const struct gc_look *l, const struct opt_list *wanted)
{
	for (size_t i = 0; i < wanted->count; i++) {
		struct str key, value;
		str_cut(str_of(wanted->items[i]), '=', &key, &value);
		MEM_AUTO char *name = mem_str(key);
		if (!js_get(l->record->labels, name) ||
		    !str_eq(js_get_str(l->record->labels, name), value))
			return false;
	}
	return true;
}

static bool is_wanted(const struct gc_look *l, const struct options *o)
{
	if (o->owner && strcmp(l->record->owner, o->owner) != 0)
		return false;
	return has_labels(l, &o->labels);
}

static int64_t age_ms(const struct gc_look *l, int64_t now_ms)
{
	return l->record->created_ms > 0 ? now_ms - l->record->created_ms : -1;
}

/* -1: there is no evidence. Evidence that is newer than our look is not idle at all. */
static int64_t idle_ms(const struct gc_look *l, int64_t now_ms)
{
	if (l->newest_ms == 0)
		return -1;
	return now_ms > l->newest_ms ? now_ms - l->newest_ms : 0;
}

static void add_json(const struct listing *out, const struct gc_look *l)
{
	struct js *line = record_json(l->record, out->base);
	js_set_text(line, "state", state_of(l));
	if (l->record_ok)
		js_set_text(line, "recorded_state", record_state_name(l->record->state));
	js_set_text(line, "task_status", task_status_of(l));
	js_set_bool(line, "exists", l->has_directory);
	js_set_bool(line, "locked", l->locked);
	if (l->locked)
		js_set_text(line, "holder", l->holder);
	js_set_int(line, "age_ms", age_ms(l, out->now_ms));
	js_set_int(line, "idle_ms", idle_ms(l, out->now_ms));
	ls_dirty_json(line, l, out->base);
	if (out->space_known)
		js_set_int(line, "base_free_bytes", (int64_t)out->space.free_bytes);
	if (out->options->artifacts)
		ls_artifacts_json(line, out->base, l);
	js_set_bool(line, "mounted", l->mounted);
	js_set_bool(line, "pinned", l->pinned);
	if (l->pinned) {
		js_set_text(line, "pin_reason", l->pin.reason);
		js_set_int(line, "pin_until_ms", l->pin.until_ms);
	}
	js_set_bool(line, "size_known", l->tree_known);
	js_set_int(line, "allocated_bytes", (int64_t)l->tree.allocated_bytes);
	js_set_int(line, "tree_entries", (int64_t)l->tree.entries);
	if (l->trouble[0])
		js_set_text(line, "trouble", l->trouble);
	applet_json_line(line);
}

static void add_duration(struct table *t, int64_t ms)
{
	char text[NUM_TEXT_MAX] = "";
	if (ms >= 0)
		num_format_duration(ms, text);
	table_cell_text(t, text);
}

/* "pid 7 start 1234 boot … host h": what tells people something are the pid and the host. */
static void add_holder(struct table *t, const struct gc_look *l)
{
	struct str holder = str_of(l->locked ? l->holder : l->trouble);
	struct str pid, host, rest;
	BUF_AUTO text = buf_make(LOCK_HOLDER_MAX + sizeof(l->trouble));
	if (l->locked && str_starts(holder, S("pid ")) && str_cut_last(holder, ' ', NULL, &host) &&
	    str_cut(str_skip(holder, 4), ' ', &pid, &rest))
		buf_printf(&text, "pid %" STR_FMT " on %" STR_FMT, STR_ARG(pid), STR_ARG(host));
	else
		buf_add_str(&text, holder);
	table_cell(t, buf_str(&text));
}

static void add_row(struct listing *out, const struct gc_look *l)
{
	char size[NUM_TEXT_MAX] = "";
	struct table *t = &out->table;
	if (l->tree_known)
		num_format_size(l->tree.allocated_bytes, size);
	table_cell_text(t, l->record->id);
	table_cell_text(t, l->record->profile);
	table_cell_text(t, state_of(l));
	table_cell_text(t, l->record->owner);
	add_duration(t, age_ms(l, out->now_ms));
	add_duration(t, idle_ms(l, out->now_ms));
	table_cell_text(t, size);
	table_cell_text(t, ls_dirty_text(ls_dirty(l, out->base)));
	add_duration(t, l->record->saved_ms > 0 ? out->now_ms - l->record->saved_ms : -1);
	add_holder(t, l);
	if (out->options->artifacts)
		ls_artifacts_rows(&out->artifacts, out->base, l);
}

/* Look at `id` and show it. `named`: it was asked for by its name, so that not finding it is a failure. */
static int show(struct listing *out, const char *id, bool named, struct err *e)
{
	const struct gc_look_how how = { .now_ms = out->now_ms,
		                         .busy_too = true,
		                         .whole_record = true };
	GC_LOOK_AUTO look;
	gc_look_at(out->base, id, &how, &look);
	if (named && !look.has_record && !look.has_directory)
		return err_set(e, ERR_KIND_NOT_FOUND, "workspace %s: no such workspace in %s", id,
		               out->base->path);
	if (!is_wanted(&look, out->options))
		return 0;
	if (out->call->common->json)
		add_json(out, &look);
	else
		add_row(out, &look);
	return 0;
}

static int show_named(struct listing *out, struct err *e)
{
	uint64_t failed = 0;
	size_t count = out->call->arg_count;
	for (size_t i = 0; i < count; i++) {
		struct err why = ERR_INIT;
		const char *id = out->call->args[i];
		if (base_dir_check_id(id, &why) == 0 && show(out, id, true, &why) == 0)
			continue;
		if (count == 1) {
			*e = why;
			return -1;
		}
		applet_item_failed(out->call, &why, &failed);
	}
	return applet_result(failed, count, "workspaces", e);
}

/* A directory in the base that has no record and could be a workspace by its name. */
static bool is_stray(const struct base_dir *b, const char *name)
{
	FD_AUTO dir = -1;
	struct err ignored = ERR_INIT;
	struct file_stat st;
	return base_dir_check_id(name, &ignored) == 0 &&
	       record_dir(b, name, false, &dir, &ignored) != 0 &&
	       dir_stat(b->fd, name, &st, &ignored) == 0 && file_is_dir(&st);
}

static int show_all(struct listing *out, struct err *e)
{
	MEM_AUTO char **ids = NULL;
	MEM_AUTO char **names = NULL;
	size_t id_count = 0, name_count = 0;
	if (record_ids(out->base, &ids, &id_count, e) ||
	    dir_list(out->base->fd, NAMES_MAX, &names, &name_count, e))
		return -1;
	for (size_t i = 0; i < id_count; i++) {
		if (show(out, ids[i], false, e))
			return -1;
	}
	for (size_t i = 0; i < name_count; i++) {
		if (is_stray(out->base, names[i]) && show(out, names[i], false, e))
			return -1;
	}
	return 0;
}

/* Of a worktree git has to know, too: a directory that lies below some repository is none. */
static int is_linked(const struct base_dir *base, const struct record *record, struct err *e)
{
	FD_AUTO fd = -1;
	MEM_AUTO char *root = base_dir_workspace_path(base, record->id);
	if (!record->git_dir[0])
		return 0;
	if (dir_open(base->fd, record->id, &fd, e))
		return -1;
	int linked = git_tree_is_linked(record, fd, root, e);
	return linked < 0 ? -1 : linked ? 0 : ERR_KIND_NOT_FOUND;
}

/* The applet's own status, and no message: a script asked. */
static int exists(const struct base_dir *base, const char *id, struct err *e)
{
	struct err why = ERR_INIT;
	struct file_stat st;
	RECORD_AUTO record = { .labels = NULL };
	if (base_dir_check_id(id, e))
		return -1;
	if (record_load(base, id, &record, &why) == 0 && dir_stat(base->fd, id, &st, &why) == 0)
		return file_is_dir(&st) ? is_linked(base, &record, e) : ERR_KIND_NOT_FOUND;
	if (why.kind == ERR_KIND_NOT_FOUND)
		return ERR_KIND_NOT_FOUND;
	*e = why;
	return -1;
}

/* Count alone is the wrong signal (20x#481): how much room is left stands beside it. */
static void print_space(const struct listing *out)
{
	char free_text[NUM_TEXT_MAX], total_text[NUM_TEXT_MAX];
	BUF_AUTO text = buf_make(OUTPUT_MAX);
	if (!out->space_known || out->table.rows == 0)
		return;
	num_format_size(out->space.free_bytes, free_text);
	num_format_size(out->space.total_bytes, total_text);
	buf_printf(&text, "%s of %s free in %s\n", free_text, total_text, out->base->path);
	applet_print(&text);
}

static int list(const struct applet_call *call, const struct base_dir *base, struct err *e)
{
	static const char *const titles[] = { "ID",    "PROFILE", "STATE", "OWNER",  ">AGE",
		                              ">IDLE", ">SIZE",   "DIRTY", ">SAVED", "HOLDER" };
	struct err ignored = ERR_INIT;
	struct listing out = {
		.call = call,
		.options = call->options,
		.base = base,
		.now_ms = sys_now_ms(),
	};
	out.space_known = dir_space(base->fd, &out.space, &ignored) == 0;
	table_init(&out.table, COUNTOF(titles), titles);
	ls_artifacts_init(&out.artifacts);
	int result = call->arg_count > 0 ? show_named(&out, e) : show_all(&out, e);
	if (!call->common->json) {
		applet_print_table(&out.table);
		print_space(&out);
		ls_artifacts_print(&out.artifacts);
	}
	table_free(&out.table);
	ls_artifacts_free(&out.artifacts);
	return result;
}

static int check_options(const struct applet_call *call, const struct options *o, struct err *e)
{
	if (o->exists && (call->arg_count > 0 || o->owner || o->labels.count > 0))
		return err_set(e, ERR_KIND_USAGE,
		               "--exists asks for one workspace by its id alone");
	for (size_t i = 0; i < o->labels.count; i++) {
		if (!strchr(o->labels.items[i], '='))
			return err_set(e, ERR_KIND_USAGE, "--label %s: K=V is expected",
			               o->labels.items[i]);
	}
	return 0;
}

static int run(const struct applet_call *call, struct err *e)
{
	const struct options *o = call->options;
	BASE_DIR_AUTO base = { .fd = -1, .ws_fd = -1 };
	if (check_options(call, o, e) || ws_options_open_base(&o->where, call->config, &base, e))
		return -1;
	return o->exists ? exists(&base, o->exists, e) : list(call, &base, e);
}

const struct applet ws_ls_applet = {
	.name = "ws-ls",
	.summary =
		"list workspaces as they are: state, owner, age, idle time, size, who holds them",
	.synopsis = "[OPTIONS…] [ID…]  |  --exists ID",
	.details =
		"States are those of the record (creating, ready, saving, saved, spooled, trashed), unless what is\n"
		"there says otherwise: active (ready, and someone holds its lock), missing (ready, but its directory\n"
		"is gone), replaced (something else is in its place), no-record, bad-record. DIRTY: whether there is\n"
		"work that no store has: of a worktree or clone, what git says of it; of others, whether anything\n"
		"changed since they were made or saved last. SAVED: how long ago that was.",
	.groups = groups,
	.options_size = sizeof(struct options),
	.args_max = SIZE_MAX,
	.run = run,
};
