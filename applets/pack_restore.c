/* ws-archive restore: parts of a backup back to their places. */
#include <string.h>

#include "applets/backup_options.h"
#include "applets/pack_verbs.h"
#include "applets/s3_options.h"
#include "applets/ws_options.h"
#include "base/mem.h"
#include "base/num.h"
#include "cli/table.h"
#include "os/sys.h"
#include "store/store.h"

enum { OUTPUT_MAX = 1 << 20, HOOK_DEFAULT_MS = 5 * 60 * 1000 };

struct options {
	struct s3_config s3;
	struct backup_set_options set;
	struct backup_hooks hooks;
	struct opt_list parts, to;
	bool partial, in_place, discard, no_same_owner, dry_run, check;
};

static const struct opt_row rows[] = {
	OPT_LIST("part", 0, "NAME", struct options, parts, "only this part (else all)"),
	OPT_LIST("to", 0, "NAME=PATH", struct options, to,
	         "restore a part to this path instead of the one that it came from"),
	OPT_FLAG("in-place", 0, struct options, in_place,
	         "exchange what is in a directory and keep the directory itself, as with mounts: "
	         "containers that have it mounted see the change"),
	OPT_FLAG("discard", 0, struct options, discard,
	         "delete what was replaced instead of keeping it in .ws-quarantine beside it"),
	OPT_FLAG("partial", 0, struct options, partial, "of the partial backup that is there"),
	OPT_FLAG("no-same-owner", 0, struct options, no_same_owner,
	         "files are ours; root gives them their recorded owners otherwise"),
	OPT_FLAG("check", 0, struct options, check,
	         "read all of it and check every entry; restore nothing"),
	OPT_FLAG("dry-run", 'n', struct options, dry_run, "say what would be done"),
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
	o->set.volumes = BACKUP_OPTIONS_UNSAID;
	o->hooks.timeout_ms = HOOK_DEFAULT_MS;
}

/* ---- where to ---- */

/* The paths that the profile's volumes have now and here; a part that is none of them stays an error, not a guess. */
static int to_volumes(const struct applet_call *call, struct backup_restore *r, struct err *e)
{
	const struct options *o = call->options;
	const char *profile = r->backup->profile[0] ? r->backup->profile : o->set.profile;
	BACKUP_AUTO now = { .count = 0 };
	backup_init(&now);
	if (!profile)
		return err_set(e, ERR_KIND_USAGE,
		               "the backup is of no profile; whose volumes? Give --profile");
	if (backup_options_volumes(call, &o->set, profile, &now, e))
		return -1;
	for (size_t i = 0; i < r->count; i++) {
		const char *name = r->parts[i]->name;
		const struct backup_part *p = backup_find(&now, name);
		if (!p)
			return err_set(e, ERR_KIND_NOT_FOUND,
			               "part %s: profile %s has no such place; give --part or --to",
			               name, profile);
		if (backup_restore_to(r, name, p->path, e))
			return -1;
	}
	return 0;
}

static int to_directory(const struct options *o, struct backup_restore *r, struct err *e)
{
	for (size_t i = 0; i < r->count; i++) {
		MEM_AUTO char *path = mem_printf("%s/%s", o->set.directory, r->parts[i]->name);
		if (backup_restore_to(r, r->parts[i]->name, path, e))
			return -1;
	}
	return 0;
}

static int to_paths(const struct options *o, struct backup_restore *r, struct err *e)
{
	struct str name;
	for (size_t i = 0; i < o->to.count; i++) {
		const char *path = strchr(o->to.items[i], '=');
		if (!path || !path[1])
			return err_set(e, ERR_KIND_USAGE, "--to %s: NAME=PATH is expected",
			               o->to.items[i]);
		str_cut(str_of(o->to.items[i]), '=', &name, NULL);
		MEM_AUTO char *part = mem_str(name);
		if (backup_restore_to(r, part, path + 1, e))
			return -1;
	}
	return 0;
}

static int choose(const struct applet_call *call, const struct backup *b, struct backup_restore *r,
                  struct err *e)
{
	const struct options *o = call->options;
	if (backup_restore_choose(r, b, o->parts.items, o->parts.count, e))
		return -1;
	bool volumes = o->set.volumes != BACKUP_OPTIONS_UNSAID || o->set.instance;
	if (volumes && to_volumes(call, r, e))
		return -1;
	if (!volumes && o->set.directory && to_directory(o, r, e))
		return -1;
	return to_paths(o, r, e);
}

/* ---- what is said of it ---- */

static void show_json(const struct backup_restore *r, bool dry_run)
{
	for (size_t i = 0; i < r->count; i++) {
		const struct backup_part *p = r->parts[i];
		MEM_AUTO char *kept = dry_run ? NULL : backup_restore_kept(r, i);
		struct js *o = js_object();
		js_set_text(o, "part", p->name);
		js_set_text(o, "priority", backup_priority_name(p->priority));
		js_set_text(o, "action", backup_action_name(r->actions[i]));
		js_set_path(o, "path", str_of(r->targets[i]));
		js_set_int(o, "entries", (int64_t)p->entries);
		js_set_int(o, "content_bytes", (int64_t)p->content_bytes);
		if (kept)
			js_set_path(o, "kept", str_of(kept));
		js_set_bool(o, "dry_run", dry_run);
		applet_json_line(o);
	}
}

static void show(const struct applet_call *call, const struct backup_restore *r)
{
	static const char *const titles[] = {
		"PART", "PRIORITY", "ACTION", ">SIZE", "PATH", "KEPT"
	};
	const struct options *o = call->options;
	BUF_AUTO text = buf_make(OUTPUT_MAX);
	struct table t;
	char size[NUM_TEXT_MAX];
	if (call->common->json) {
		show_json(r, o->dry_run);
		return;
	}
	if (call->common->quiet)
		return;
	table_init(&t, COUNTOF(titles), titles);
	for (size_t i = 0; i < r->count; i++) {
		MEM_AUTO char *kept = o->dry_run ? NULL : backup_restore_kept(r, i);
		table_cell_text(&t, r->parts[i]->name);
		table_cell_text(&t, backup_priority_name(r->parts[i]->priority));
		table_cell_text(&t, backup_action_name(r->actions[i]));
		table_cell_text(&t, num_format_size(r->parts[i]->content_bytes, size));
		table_cell_text(&t, r->targets[i]);
		table_cell_text(&t, kept ? kept : "");
	}
	table_format(&t, &text);
	table_free(&t);
	applet_print(&text);
}

/* ---- doing it ---- */

struct work {
	const struct applet_call *call;
	struct backup_restore *r;
};

static int swap(void *ctx, struct err *e)
{
	const struct work *w = ctx;
	if (backup_restore_swap(w->r, e))
		return -1;
	show(w->call, w->r);
	return backup_options_flush(e);
}

static int check(const struct applet_call *call, struct backup_restore *r, struct err *e)
{
	uint64_t failed = 0;
	for (size_t i = 0; i < r->count; i++) {
		struct err why = ERR_INIT;
		if (r->parts[i]->absent || backup_restore_read(r, r->parts[i], -1, &why) == 0)
			continue;
		err_context(&why, "part %s", r->parts[i]->name);
		if (r->count == 1) {
			*e = why;
			return -1;
		}
		applet_item_failed(call, &why, &failed);
	}
	return failed ? err_set(e, ERR_KIND_DATA, "%llu of %zu parts are damaged",
	                        (unsigned long long)failed, r->count)
	              : 0;
}

/* All parts beside their targets; nothing has to be quiet for that. */
static int stage(const struct applet_call *call, struct backup_restore *r, struct err *e)
{
	const struct options *o = call->options;
	struct progress progress = { .label = NULL };
	r->progress = &progress;
	struct meter *meter = applet_progress(call, &progress, o->check ? "check" : "restore");
	int rc = o->check ? check(call, r, e) : backup_restore_stage(r, e);
	applet_progress_end(meter);
	r->progress = NULL;
	return rc;
}

static int restore(const struct applet_call *call, struct backup_restore *r, struct err *e)
{
	const struct options *o = call->options;
	LOCK_AUTO lock = LOCK_NONE;
	int stopped;
	if (!o->check && backup_restore_plan(r, e))
		return -1;
	/* A check changes nothing: its dry run is itself. */
	if (o->dry_run && !o->check) {
		show(call, r);
		return 0;
	}
	if (!o->check && backup_options_lock(&o->set, &lock, e))
		return -1;
	if (stage(call, r, e) || o->check)
		return o->check && !err_is(e) ? 0 : -1;
	struct work w = { .call = call, .r = r };
	int rc = backup_hook_run(&o->hooks, swap, &w, &stopped, e);
	return backup_options_result(rc, stopped, e);
}

static int run(const struct applet_call *call, struct err *e)
{
	const struct options *o = call->options;
	BACKUP_AUTO b = { .count = 0 };
	STORE_AUTO store = NULL;
	MEM_AUTO char *url = NULL;
	BACKUP_RESTORE_AUTO r = {
		.in_place = o->in_place,
		.discard = o->discard,
		.same_owner = sys_uid() == 0 && !o->no_same_owner,
		.notice = ws_options_notice,
	};
	if (backup_manifest_url(call->args[0], &url, e) || store_open(url, &o->s3, &store, e) ||
	    backup_manifest_load(store, o->partial, &b, NULL, e))
		return -1;
	r.store = store;
	return choose(call, &b, &r, e) ? -1 : restore(call, &r, e);
}

const struct applet pack_restore_applet = {
	.name = "restore",
	.summary = "bring a backup, or parts of it, back",
	.synopsis = "[OPTIONS] BACKUP",
	.details =
		"Every part is brought beside its target and held against the manifest before the first one\n"
		"is replaced. Then each takes its place by a rename: exactly what was saved, never a mixture;\n"
		"what was there goes to .ws-quarantine beside it. A mount point stays, and its content is\n"
		"exchanged; what a killed run left half done is finished by the next one. Parts go to the\n"
		"paths that they came from, to those that the profile has now with --volumes, to DIR/NAME with\n"
		"-C alone, or where --to says.\n"
		"--quiesce runs when all is staged, right before the first exchange.",
	.groups = groups,
	.options_size = sizeof(struct options),
	.defaults = defaults,
	.args_min = 1,
	.args_max = 1,
	.run = run,
};
