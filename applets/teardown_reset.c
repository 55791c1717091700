/* Resets, shown and done. */
#include "applets/teardown_reset.h"

#include "applets/gc_show.h"
#include "base/mem.h"
#include "base/num.h"
#include "cli/table.h"
#include "os/dir.h"
#include "os/file.h"
#include "os/lock.h"
#include "os/log.h"
#include "ws/reset.h"

enum { OUTPUT_MAX = 1 << 20 };

static const char *const tiers[] = { "cache", "volumes", "host", NULL };

const struct opt_row teardown_reset_rows[TEARDOWN_RESET_COUNT] = {
	OPT_CHOICE(
		"reset", 0, "TIER", struct teardown_reset, tier, tiers,
		"empty what can be made again (cache), all volumes, or the host directories that ws "
		"made as well (host); without --force only the plan is shown"),
	OPT_FLAG("force", 0, struct teardown_reset, force, "do what the plan of --reset says"),
	OPT_FLAG("purge", 0, struct teardown_reset, purge,
	         "delete at once what --reset takes, instead of moving it to the trash"),
};

static void show_json(const struct reset_item *item, bool done)
{
	struct js *o = js_object();
	js_set_text(o, "volume", item->volume->name);
	js_set_text(o, "priority", item->volume->priority);
	js_set_text(o, "place", item->is_host ? "host" : "workspace");
	js_set_path(o, "path", str_of(item->path));
	js_set_text(o, "action", item->taken ? "take" : "keep");
	js_set_text(o, "reason", item->reason);
	js_set_int(o, "entries", (int64_t)item->entries);
	js_set_int(o, "bytes", (int64_t)item->bytes);
	gc_show_set_shared(o, item->shared_known || !item->taken, item->shared_bytes);
	js_set_bool(o, "dry_run", !done);
	if (item->as)
		js_set_path(o, "moved_to", str_of(item->as));
	applet_json_line(o);
}

static uint64_t taken_bytes(const struct reset_plan *plan, uint64_t *shared_bytes)
{
	uint64_t sum = 0;
	*shared_bytes = 0;
	for (size_t i = 0; i < plan->count; i++) {
		sum += plan->items[i].taken ? plan->items[i].bytes : 0;
		*shared_bytes += plan->items[i].shared_bytes;
	}
	return sum;
}

/* How full the disk was, and is: what went to the trash takes its room until ws-gc empties that. */
static void show_usage(const struct applet_call *call, const struct base_dir *b,
                       const struct reset_plan *plan, const struct dir_space *before, bool done)
{
	struct err ignored = ERR_INIT;
	struct dir_space after = *before;
	char text_of[4][NUM_TEXT_MAX];
	uint64_t shared, taken = taken_bytes(plan, &shared);
	if (dir_space(b->fd, &after, &ignored) != 0)
		after = *before;
	if (call->common->json) {
		struct js *o = js_object();
		js_set_text(o, "action", "total");
		js_set_text(o, "place", b->path);
		js_set_int(o, "bytes", (int64_t)taken);
		js_set_int(o, "free_before_bytes", (int64_t)before->free_bytes);
		js_set_int(o, "free_after_bytes", (int64_t)after.free_bytes);
		js_set_bool(o, "dry_run", !done);
		applet_json_line(o);
		return;
	}
	BUF_AUTO text = buf_make(OUTPUT_MAX);
	buf_printf(&text, "%s %s", done ? "taken:" : "would take",
	           num_format_size(taken, text_of[0]));
	if (shared > 0)
		buf_printf(&text, " (of that %s in blocks that other files share)",
		           num_format_size(shared, text_of[1]));
	buf_printf(&text, "; free in %s: %s before, %s after\n", b->path,
	           num_format_size(before->free_bytes, text_of[2]),
	           num_format_size(after.free_bytes, text_of[3]));
	applet_print(&text);
}

static void show(const struct applet_call *call, const struct reset_plan *plan, bool done)
{
	static const char *const titles[] = { "VOLUME", "PRIORITY", "ACTION",
		                              "REASON", ">SIZE",    "PATH" };
	BUF_AUTO text = buf_make(OUTPUT_MAX);
	struct table t;
	char size[NUM_TEXT_MAX];
	table_init(&t, COUNTOF(titles), titles);
	for (size_t i = 0; i < plan->count; i++) {
		const struct reset_item *item = &plan->items[i];
		if (call->common->json) {
			show_json(item, done);
			continue;
		}
		table_cell_text(&t, item->volume->name);
		table_cell_text(&t, item->volume->priority);
		table_cell_text(&t, item->taken ? "take" : "keep");
		table_cell_text(&t, item->reason);
		table_cell_text(&t, num_format_size(item->bytes, size));
		table_cell_text(&t, item->path);
	}
	if (!call->common->json)
		table_format(&t, &text);
	table_free(&t);
	applet_print(&text);
}

static int reset(const struct applet_call *call, const struct teardown_reset *o, bool done,
                 const struct base_dir *b, const struct record *r, struct err *e)
{
	VOLUME_LIST_AUTO volumes = { .count = 0 };
	struct dir_space before = { .free_bytes = 0 };
	struct err ignored = ERR_INIT;
	bool is_known = dir_space(b->fd, &before, &ignored) == 0;
	struct reset_plan *plan = mem_new(1, sizeof(*plan));
	int rc = volume_load(r->profile, call->config, NULL, &volumes, e);
	if (rc == 0)
		rc = reset_look(b, r, &volumes, (enum reset_tier)o->tier, plan, e);
	if (rc == 0 && done)
		rc = reset_run(b, r, plan, o->purge, e);
	if (rc == 0)
		show(call, plan, done);
	if (rc == 0 && is_known)
		show_usage(call, b, plan, &before, done);
	reset_free(plan);
	mem_free(plan);
	return rc;
}

int teardown_reset_run(const struct applet_call *call, const struct teardown_reset *o, bool dry_run,
                       const struct base_dir *b, int64_t wait_ms, struct err *e)
{
	bool done = o->force && !dry_run;
	for (size_t i = 0; i < call->arg_count; i++) {
		RECORD_AUTO r = { .document = NULL };
		LOCK_AUTO lock = LOCK_NONE;
		FD_AUTO fd = -1;
		const char *id = call->args[i];
		if (base_dir_check_id(id, e) || record_dir(b, id, false, &fd, e) ||
		    lock_take(fd, "lock", wait_ms, &lock, e) || record_load(b, id, &r, e) ||
		    reset(call, o, done, b, &r, e))
			return err_context(e, "workspace %s", id);
	}
	if (!done && !dry_run)
		log_warn("nothing was done; --force does it");
	return 0;
}
