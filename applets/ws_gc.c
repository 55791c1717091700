/* ws-gc: plan, print the plan, do what it says. */
#include <stdio.h>
#include <string.h>

#include "applets/gc_alert.h"
#include "applets/gc_options.h"
#include "applets/gc_report.h"
#include "applets/gc_show.h"
#include "applets/gc_watch.h"
#include "applets/s3_stop.h"
#include "base/datetime.h"
#include "os/log.h"
#include "os/sys.h"
#include "ws/pin.h"

enum { SIGNALLED = 128, SIGNAL_TERM = 15 };

static int pin(const struct base_dir *base, const struct gc_words *o, struct err *e)
{
	struct pin p = { .set_ms = sys_now_ms() };
	if (str_copy(str_of(o->reason ? o->reason : "pinned"), p.reason, sizeof(p.reason)))
		return err_set(e, ERR_KIND_USAGE, "--reason: the text is too long");
	p.until_ms = o->pin_ms > 0 ? p.set_ms + o->pin_ms : 0;
	return pin_set(base, o->pin, &p, e);
}

/* Whether one thing was asked for that is no collection: 1 done, 0 it was not, -1. */
static int run_one(const struct base_dir *base, const struct gc_words *o, struct err *e)
{
	int asked = (o->undo != NULL) + (o->pin != NULL) + (o->unpin != NULL) + (o->report != NULL);
	if (asked > 1)
		return err_set(e, ERR_KIND_USAGE,
		               "--undo, --pin, --unpin and --report go one at a time");
	if ((o->reason || o->pin_ms) && !o->pin)
		return err_set(e, ERR_KIND_USAGE, "--reason and --for belong to --pin");
	if (asked == 0 || o->report)
		return 0;
	if (o->dry_run)
		return err_set(e, ERR_KIND_USAGE,
		               "--undo, --pin and --unpin have no plan that --dry-run could show");
	int result = o->undo  ? gc_undo(base, o->undo, e)
	             : o->pin ? pin(base, o, e)
	                      : pin_remove(base, o->unpin, e);
	return result ? -1 : 1;
}

/* What the run came to: how the targets stand, and what the exit status is. */
static int finish(const struct applet_call *call, struct gc_outcome *out,
                  const struct gc_options *how, const struct gc_plan *plan, struct err *e)
{
	GC_TARGETS_AUTO targets = { .list = NULL };
	BUF_AUTO text = buf_make(1024);
	struct err why = ERR_INIT;
	gc_policy_targets(plan->items, plan->count, &how->policy,
	                  plan->space_known ? &plan->space : NULL, &targets);
	out->missed = gc_show_targets(call, &targets, &text);
	if (out->missed > 0)
		err_set(&why, ERR_KIND_FAILED, "%.*s", (int)text.len, text.p);
	if (applet_result(out->failed, out->taken, "items of the plan", e) != 0 && out->missed > 0)
		log_err(&why);
	else if (out->missed > 0)
		*e = why;
	if (how->dry_run)
		return err_is(e) ? -1 : 0;
	gc_alert(call, out, plan, e);
	return err_is(e) ? -1 : 0;
}

/* Between two items it may be told to stop. */
static int execute(const struct applet_call *call, struct gc *g, struct gc_plan *plan,
                   const struct gc_watch *watch, const struct stop *stop, struct gc_outcome *out)
{
	int stopped = 0;
	for (size_t i = 0; i < plan->count && stopped == 0; i++) {
		struct gc_item *item = &plan->items[i];
		if (item->action == GC_KEEP && item->reason != GC_REASON_BUSY)
			continue;
		struct err why = ERR_INIT;
		out->taken += item->action != GC_KEEP;
		if (gc_execute(g, item, &out->done, &why))
			applet_item_failed(call, &why, &out->failed);
		stopped = stop && stop_asked(stop) ? SIGNAL_TERM : gc_watch_stopped(watch);
	}
	gc_note_run(g, &out->done, plan);
	gc_show_total(call, &out->done, out->failed);
	return stopped;
}

static void tell_wait(const struct gc *g)
{
	char when[DATETIME_TEXT_MAX];
	int64_t until_ms = gc_waits_until(g);
	if (until_ms > 0)
		log_warn("the last passes for free space freed nothing; the next one is at %s",
		         datetime_iso_ms(until_ms, when));
}

/* One pass: 0, -1, or the signal that ended it. */
static int collect(const struct applet_call *call, const struct base_dir *base,
                   const struct gc_options *how, const struct gc_watch *watch,
                   const struct stop *stop, struct err *e)
{
	const struct gc_words *o = call->options;
	AUTO(gc_close_auto) struct gc *g = NULL;
	AUTO(gc_plan_free) struct gc_plan plan = { .items = NULL };
	struct gc_outcome out = { .failed = 0 };
	int stopped = 0;
	if (gc_open(base, how, &g, e) || gc_make_plan(g, &plan, e))
		return -1;
	if (o->report)
		return gc_report_print(call, o->report, &plan), 0;
	tell_wait(g);
	gc_show_plan(call, &plan, &how->policy, o->explain);
	if (!o->dry_run)
		stopped = execute(call, g, &plan, watch, stop, &out);
	return finish(call, &out, how, &plan, e) ? -1 : stopped;
}

/* The same. When archives go to a server and it is asked to stop, it leaves no half of one there. */
static int pass(const struct applet_call *call, const struct base_dir *base,
                const struct gc_options *how, const struct gc_watch *watch, struct err *e)
{
	struct s3_config config = *how->s3;
	struct gc_options with_client = *how;
	struct stopper *stopper;
	S3_AUTO s3 = NULL;
	if (how->dry_run || !how->archive_to || !str_starts(str_of(how->archive_to), S("s3://")))
		return collect(call, base, how, watch, NULL, e);
	if (s3_open(how->s3, &s3, e) || s3_stop_begin(how->s3, s3, &stopper, e))
		return -1;
	config.client = s3;
	with_client.s3 = &config;
	int rc = collect(call, base, &with_client, watch, s3_stop(s3), e);
	int number = stopper_close(stopper);
	bool ended = number > 0 && (rc != 0 || watch->signal_fd >= 0);
	if (ended && err_is(e))
		log_err(e);
	return ended ? number : rc;
}

/* A pass now and then until a signal comes, whose number makes the exit status; a pass that fails is told. */
static int watch(const struct applet_call *call, const struct base_dir *base,
                 const struct gc_options *how, struct err *e)
{
	const struct gc_words *o = call->options;
	GC_WATCH_AUTO w;
	int signal_number = 0;
	if (o->report || o->dry_run)
		return err_set(e, ERR_KIND_USAGE, "--watch collects: no --dry-run, no --report");
	if (gc_watch_open(&w, base, &how->policy, o->watch_ms, e))
		return -1;
	while (signal_number == 0) {
		struct err why = ERR_INIT;
		signal_number = pass(call, base, how, &w, &why);
		if (signal_number < 0) {
			log_err(&why);
			signal_number = gc_watch_stopped(&w);
		}
		if (signal_number == 0)
			signal_number = gc_watch_wait(&w);
	}
	return SIGNALLED + signal_number;
}

static int start(const struct applet_call *call, const struct base_dir *base,
                 struct gc_rules *rules, struct err *e)
{
	const struct gc_words *o = call->options;
	const struct gc_watch none = { .signal_fd = -1 };
	struct gc_options how;
	if (gc_options_make(call, rules, &how, e) || gc_report_check(o->report, e))
		return -1;
	if (o->watch_ms >= 0)
		return watch(call, base, &how, e);
	int rc = pass(call, base, &how, &none, e);
	return rc > 0 ? SIGNALLED + rc : rc;
}

static int run(const struct applet_call *call, struct err *e)
{
	const struct gc_words *o = call->options;
	BASE_DIR_AUTO base = { .fd = -1, .ws_fd = -1 };
	AUTO(gc_rules_free) struct gc_rules rules = { .rule_count = 0 };
	if (ws_options_open_base(&o->where, call->config, &base, e))
		return -1;
	int done = run_one(&base, o, e);
	return done != 0 ? (done < 0 ? -1 : 0) : start(call, &base, &rules, e);
}

const struct applet ws_gc_applet = {
	.name = "ws-gc",
	.summary = "collect idle workspaces: save, move to the trash, delete later",
	.synopsis = "[OPTIONS…]",
	.details =
		"Prints a line for each workspace: what is done with it and why, when it was used last, how much it\n"
		"holds. The newest of the record's times, of the lock's and of every file's in the tree counts. One that\n"
		"is locked, used by a process, pinned, a mount point or above one, has no record or can't be read is left\n"
		"alone. --dry-run prints the same plan. What waits in the spool is sent. A target that can't be reached\n"
		"(--max-total, --max-count, --min-free, --quota) is told, and the exit status is 1.",
	.groups = gc_options_groups,
	.options_size = sizeof(struct gc_words),
	.defaults = gc_options_defaults,
	.run = run,
};
