/* ws-archive backup: a set of directories and files as one backup. */
#include <inttypes.h>
#include <stdio.h>

#include "applets/backup_options.h"
#include "applets/pack_verbs.h"
#include "applets/s3_options.h"
#include "applets/s3_stop.h"
#include "applets/ws_options.h"
#include "base/mem.h"
#include "base/num.h"
#include "cli/table.h"
#include "os/dir.h"
#include "store/store.h"

enum { LIST_MAX = 16 << 20, OUTPUT_MAX = 1 << 20, HOOK_DEFAULT_MS = 5 * 60 * 1000, STOP_MS = 9000 };

struct options {
	struct s3_config s3;
	struct backup_set_options set;
	struct backup_hooks hooks;
	const char *output;
	struct opt_list lists;
	int priority;
	bool keep_going, dry_run, verify;
};

static const char *const priorities[] = { "critical", "high", "medium", "low", NULL };

static const struct opt_row rows[] = {
	OPT_TEXT("output", 'o', "DEST", struct options, output,
	         "a directory, file:///DIR or s3://BUCKET/PREFIX, for this backup alone"),
	OPT_LIST("list", 'T', "FILE", struct options, lists,
	         "paths, one a line: [critical|high|medium|low] [NAME=]PATH"),
	OPT_CHOICE("priority", 0, "P", struct options, priority, priorities,
	           "leave out parts of lower priority"),
	OPT_FLAG("keep-going", 'k', struct options, keep_going,
	         "leave out what cannot be read; the backup is then partial, and the status 1"),
	OPT_FLAG("verify", 0, struct options, verify, "read everything back and check every entry"),
	OPT_FLAG("dry-run", 'n', struct options, dry_run, "say what would be saved"),
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	BACKUP_SET_OPTIONS_GROUP(offsetof(struct options, set)),
	BACKUP_HOOK_OPTIONS_GROUP(offsetof(struct options, hooks)),
	S3_OPTIONS_GROUP(offsetof(struct options, s3)),
	OPT_GROUPS_END,
};

static void defaults(void *options)
{
	struct options *o = options;
	o->priority = BACKUP_LOW;
	o->set.volumes = BACKUP_OPTIONS_UNSAID;
	o->hooks.timeout_ms = HOOK_DEFAULT_MS;
}

/* ---- what is to be saved ---- */

static int read_list(const char *name, struct backup *b, struct err *e)
{
	FD_AUTO fd = -1;
	BUF_AUTO text = buf_make(LIST_MAX);
	if (dir_open_user_file(name, true, &fd, e) || file_read_rest(fd, &text, e, name))
		return -1;
	return backup_set_lines(b, buf_str(&text), name, e);
}

static int fill(const struct applet_call *call, const struct store *store, struct backup *b,
                struct err *e)
{
	const struct options *o = call->options;
	/* A profile that the configuration names is no reason to add its volumes to what the user names. */
	bool alone = o->lists.count == 0 && call->arg_count == 0;
	bool volumes = o->set.profile && (alone || o->set.volumes != BACKUP_OPTIONS_UNSAID);
	if (volumes && backup_options_volumes(call, &o->set, o->set.profile, b, e))
		return -1;
	for (size_t i = 0; i < o->lists.count; i++)
		if (read_list(o->lists.items[i], b, e))
			return -1;
	for (size_t i = 0; i < call->arg_count; i++)
		if (backup_set_operand(b, str_of(call->args[i]), BACKUP_MEDIUM, e))
			return -1;
	backup_at_least(b, (enum backup_priority)o->priority);
	return backup_save_look(b, store, e);
}

/* ---- what is said of it ---- */

static void show_json(const struct backup *b, const char *url, bool dry_run)
{
	uint64_t bytes = 0;
	for (size_t i = 0; i < b->count; i++) {
		const struct backup_part *p = &b->parts[i];
		struct js *o = js_object();
		js_set_text(o, "part", p->name);
		js_set_text(o, "priority", backup_priority_name(p->priority));
		js_set_path(o, "path", str_of(p->path));
		js_set_text(o, "kind", p->absent ? "absent" : p->is_file ? "file" : "tree");
		if (!dry_run && !p->absent) {
			js_set_text(o, "key", p->key);
			js_set_int(o, "entries", (int64_t)p->entries);
			js_set_int(o, "content_bytes", (int64_t)p->content_bytes);
			js_set_int(o, "archive_bytes", (int64_t)p->size_bytes);
			js_set_int(o, "unreadable", (int64_t)p->unreadable);
			js_set_int(o, "changed", (int64_t)p->changed);
			js_set_text(o, "sha256", p->sha256);
		}
		bytes += p->size_bytes;
		applet_json_line(o);
	}
	struct js *o = js_object();
	js_set_text(o, "backup", url);
	js_set_text(o, "id", b->id);
	js_set_bool(o, "dry_run", dry_run);
	js_set_bool(o, "partial", b->partial);
	js_set_int(o, "parts", (int64_t)b->count);
	js_set_int(o, "archive_bytes", (int64_t)bytes);
	applet_json_line(o);
}

static void show_row(struct table *t, const struct backup_part *p, bool dry_run)
{
	char size[NUM_TEXT_MAX], entries[NUM_TEXT_MAX];
	snprintf(entries, sizeof(entries), "%" PRIu64, p->entries);
	table_cell_text(t, p->name);
	table_cell_text(t, backup_priority_name(p->priority));
	table_cell_text(t, p->absent ? "absent" : p->is_file ? "file" : "tree");
	table_cell_text(t, dry_run || p->absent ? "" : entries);
	table_cell_text(t, dry_run || p->absent ? "" : num_format_size(p->size_bytes, size));
	table_cell_text(t, p->path);
}

static void show(const struct applet_call *call, const struct backup *b, const char *url)
{
	static const char *const titles[] = { "PART",     "PRIORITY", "KIND",
		                              ">ENTRIES", ">SIZE",    "PATH" };
	const struct options *o = call->options;
	BUF_AUTO text = buf_make(OUTPUT_MAX);
	struct table t;
	if (call->common->json) {
		show_json(b, url, o->dry_run);
		return;
	}
	if (call->common->quiet)
		return;
	table_init(&t, COUNTOF(titles), titles);
	for (size_t i = 0; i < b->count; i++)
		show_row(&t, &b->parts[i], o->dry_run);
	table_format(&t, &text);
	table_free(&t);
	applet_print(&text);
}

static int result_of(const struct backup *b, struct err *e)
{
	uint64_t unreadable = 0, changed = 0;
	for (size_t i = 0; i < b->count; i++) {
		unreadable += b->parts[i].unreadable;
		changed += b->parts[i].changed;
	}
	if (unreadable > 0)
		return err_set(e, ERR_KIND_FAILED,
		               "the backup is partial: %" PRIu64
		               " things could not be read; a complete one there before stays",
		               unreadable);
	if (changed > 0)
		return err_set(e, ERR_KIND_FAILED,
		               "%" PRIu64 " files changed while they were read; --quiesce helps",
		               changed);
	return 0;
}

/* ---- doing it ---- */

struct work {
	const struct applet_call *call;
	struct store *store;
	struct backup *b;
	int stopped; /* the signal that ended it */
};

static int verify(const struct work *w, struct progress *progress, struct err *e)
{
	struct backup_restore r = { .store = w->store, .progress = progress };
	for (size_t i = 0; i < w->b->count; i++) {
		const struct backup_part *p = &w->b->parts[i];
		if (!p->absent && backup_restore_read(&r, p, -1, e))
			return err_context(e, "part %s was saved and can't be read back", p->name);
	}
	return 0;
}

static int work(void *ctx, struct err *e)
{
	const struct work *w = ctx;
	const struct options *o = w->call->options;
	struct progress progress = { .label = NULL };
	const struct backup_options how = {
		.keep_going = o->keep_going,
		.progress = &progress,
		.notice = ws_options_notice,
	};
	struct meter *meter = applet_progress(w->call, &progress, "back up");
	int rc = backup_save(w->store, w->b, &how, e);
	if (rc == 0 && o->verify)
		rc = verify(w, &progress, e);
	applet_progress_end(meter);
	if (rc)
		return -1;
	show(w->call, w->b, store_url(w->store));
	return backup_options_flush(e) ? -1 : result_of(w->b, e);
}

/* Asked to stop, it leaves no half of an upload on the server. */
static int work_there(void *ctx, struct err *e)
{
	struct work *w = ctx;
	const struct options *o = w->call->options;
	struct s3_config config = o->s3;
	struct stopper *stopper;
	S3_AUTO s3 = NULL;
	STORE_AUTO store = NULL;
	if (s3_open(&o->s3, &s3, e) || s3_stop_begin(&o->s3, s3, &stopper, e))
		return -1;
	config.client = s3;
	struct work with_client = { .call = w->call, .b = w->b };
	int rc = store_open(store_url(w->store), &config, &store, e);
	with_client.store = store;
	rc = rc ? -1 : work(&with_client, e);
	int number = stopper_close(stopper);
	w->stopped = rc ? number : 0;
	return rc;
}

static int run(const struct applet_call *call, struct err *e)
{
	const struct options *o = call->options;
	struct backup_hooks hooks = o->hooks;
	BACKUP_AUTO b = { .count = 0 };
	LOCK_AUTO lock = LOCK_NONE;
	STORE_AUTO store = NULL;
	MEM_AUTO char *url = NULL;
	int stopped;
	backup_init(&b);
	if (!o->output)
		return err_set(e, ERR_KIND_USAGE, "where to? Give -o DEST");
	if (backup_manifest_url(o->output, &url, e) || store_open(url, &o->s3, &store, e) ||
	    fill(call, store, &b, e))
		return -1;
	if (o->dry_run) {
		show(call, &b, url);
		return 0;
	}
	if (backup_options_lock(&o->set, &lock, e))
		return -1;
	struct work w = { .call = call, .store = store, .b = &b };
	bool there = str_starts(str_of(url), S("s3://"));
	hooks.grace_ms = there ? STOP_MS : 0;
	int rc = backup_hook_run(&hooks, there ? work_there : work, &w, &stopped, e);
	return backup_options_result(rc, stopped ? stopped : w.stopped, e);
}

const struct applet pack_backup_applet = {
	.name = "backup",
	.summary = "save a set of directories and files as one backup",
	.synopsis = "-o DEST [--profile NAME | --list FILE | [NAME=]PATH]…",
	.details =
		"Each directory or file is a part: an archive of its own in DEST/parts, which any tar reads.\n"
		"DEST/manifest.json names them and is written last, so that a backup that was killed leaves\n"
		"the one before as it was; the next run cleans up. Parts are saved critical ones first. What\n"
		"could not be read makes the backup fail, or with -k partial: then it is beside, as\n"
		"manifest.partial.json, and never replaces a complete one.",
	.groups = groups,
	.options_size = sizeof(struct options),
	.defaults = defaults,
	.args_max = SIZE_MAX,
	.run = run,
};
