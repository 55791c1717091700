/* ws-gc: plan, print the plan, do what it says. */
#include <stdio.h>
#include <string.h>

#include "applets/s3_options.h"
#include "applets/ws_options.h"
#include "base/codec.h"
#include "base/num.h"
#include "gc/gc.h"
#include "os/log.h"

enum { TRASH_TTL_DEFAULT_MS = 24 * 3600 * 1000, LINE_MAX_BYTES = 8192 };

struct options {
	struct ws_options where;
	struct s3_config s3;
	int64_t older_ms, trash_ttl_ms;
	uint64_t max_delete;
	bool dry_run;
};

static const struct opt_row rows[] = {
	OPT_DURATION("older", 'o', "D", struct options, older_ms,
	             "take what has been idle for D or longer (7d)"),
	OPT_DURATION("trash-ttl", 0, "D", struct options, trash_ttl_ms,
	             "delete what has been in the trash for D or longer (default 24h)"),
	OPT_COUNT("max-delete", 0, "N", struct options, max_delete,
	          "take at most N workspaces in this run"),
	OPT_FLAG("dry-run", 'n', struct options, dry_run, "print the plan and change nothing"),
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	WS_OPTIONS_GROUP(offsetof(struct options, where)),
	S3_OPTIONS_GROUP(offsetof(struct options, s3)),
	OPT_GROUPS_END,
};

static void defaults(void *options)
{
	struct options *o = options;
	o->older_ms = -1;
	o->trash_ttl_ms = TRASH_TTL_DEFAULT_MS;
}

static const char *action_word(enum gc_action a)
{
	static const char *const words[] = {
		[GC_KEEP] = "keep",
		[GC_TRASH] = "trash",
		[GC_PURGE] = "purge",
		[GC_CLEAN] = "clean",
	};
	return words[a];
}

static void print_json(const struct gc_item *item)
{
	struct js *line = js_object();
	js_set_text(line, "action", action_word(item->action));
	js_set_text(line, "reason", gc_reason_name(item->reason));
	js_set_text(line, "id", item->id);
	js_set_path(line, "name", str_of(item->name));
	js_set_int(line, "idle_ms", item->idle_ms);
	js_set_int(line, "allocated_bytes", (int64_t)item->allocated_bytes);
	js_set_int(line, "entries", (int64_t)item->entries);
	js_set_text(line, "profile", item->profile);
	js_set_text(line, "owner", item->owner);
	js_set_bool(line, "ephemeral", item->ephemeral);
	if (item->detail[0])
		js_set_str(line, "detail", str_of(item->detail));
	applet_json_line(line);
}

/* A foreign directory's name may hold anything. */
static void print_line(const struct gc_item *item)
{
	BUF_AUTO out = buf_make(LINE_MAX_BYTES);
	char size[NUM_TEXT_MAX] = "-", idle[NUM_TEXT_MAX] = "-";
	if (item->allocated_bytes > 0)
		num_format_size(item->allocated_bytes, size);
	if (item->idle_ms >= 0)
		num_format_duration(item->idle_ms, idle);
	buf_printf(&out, "%-5s  %-12s  %10s  %10s  ", action_word(item->action),
	           gc_reason_name(item->reason), idle, size);
	codec_quote(str_of(item->name), &out);
	if (item->detail[0]) {
		buf_add_text(&out, "  ");
		codec_quote(str_of(item->detail), &out);
	}
	buf_add_char(&out, '\n');
	applet_print(&out);
}

static void print_total(const struct applet_call *call, const struct gc_done *done, uint64_t failed)
{
	char freed[NUM_TEXT_MAX];
	if (call->common->json) {
		struct js *line = js_object();
		js_set_int(line, "trashed", (int64_t)done->trashed);
		js_set_int(line, "purged", (int64_t)done->purged);
		js_set_int(line, "cleaned", (int64_t)done->cleaned);
		js_set_int(line, "left_alone", (int64_t)done->left_alone);
		js_set_int(line, "failed", (int64_t)failed);
		js_set_int(line, "freed_bytes", (int64_t)done->freed_bytes);
		applet_json_line(line);
		return;
	}
	log_info("%zu to the trash, %zu deleted, %zu leftovers cleaned, %s freed", done->trashed,
	         done->purged, done->cleaned, num_format_size(done->freed_bytes, freed));
}

/* From cron, quietly: only what goes wrong is worth a mail. */
static void print_plan(const struct applet_call *call, const struct gc_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		if (call->common->json)
			print_json(&plan->items[i]);
		else if (!call->common->quiet)
			print_line(&plan->items[i]);
	}
}

static int execute(const struct applet_call *call, struct gc *g, const struct gc_plan *plan,
                   struct err *e)
{
	struct gc_done done = { .freed_bytes = 0 };
	uint64_t failed = 0, taken = 0;
	for (size_t i = 0; i < plan->count; i++) {
		if (plan->items[i].action == GC_KEEP)
			continue;
		struct err why = ERR_INIT;
		taken++;
		if (gc_execute(g, &plan->items[i], &done, &why))
			applet_item_failed(call, &why, &failed);
	}
	print_total(call, &done, failed);
	return applet_result(failed, taken, "items of the plan", e);
}

static int run(const struct applet_call *call, struct err *e)
{
	const struct options *o = call->options;
	BASE_DIR_AUTO base = { .fd = -1, .ws_fd = -1 };
	if (ws_options_open_base(&o->where, call->config, &base, e))
		return -1;
	const struct gc_options how = {
		.set_older = o->older_ms >= 0,
		.older_ms = o->older_ms,
		.trash_ttl_ms = o->trash_ttl_ms,
		.max_delete = o->max_delete,
		.dry_run = o->dry_run,
		.config = call->config,
		.s3 = &o->s3,
		.notice = ws_options_notice,
	};
	AUTO(gc_close_auto) struct gc *g = NULL;
	AUTO(gc_plan_free) struct gc_plan plan = { .items = NULL };
	if (gc_open(&base, &how, &g, e) || gc_make_plan(g, &plan, e))
		return -1;
	print_plan(call, &plan);
	return o->dry_run ? 0 : execute(call, g, &plan, e);
}

const struct applet ws_gc_applet = {
	.name = "ws-gc",
	.summary = "collect idle workspaces: save, move to the trash, delete later",
	.synopsis = "[OPTIONS…]",
	.details =
		"Prints a line for each workspace: what is done with it and why, how long it has been idle, how much it\n"
		"holds. The newest of the record's times and of every file's in the tree counts. One that is in use, is\n"
		"a mount point, has no record or can't be read is left alone. --dry-run prints the same plan.",
	.groups = groups,
	.options_size = sizeof(struct options),
	.defaults = defaults,
	.run = run,
};
