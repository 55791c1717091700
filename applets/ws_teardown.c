/* ws-teardown: save a workspace to its store, then remove it; or send what is spooled. */
#include <stdio.h>

#include "applets/s3_options.h"
#include "applets/teardown_ask.h"
#include "applets/teardown_reset.h"
#include "applets/ws_options.h"
#include "base/mem.h"
#include "base/num.h"
#include "os/log.h"
#include "os/proc.h"
#include "os/signals.h"
#include "ws/teardown.h"

struct options {
	struct ws_options where;
	struct s3_config s3;
	bool keep, discard, overwrite_remote, keep_going, keep_trash, if_clean, drop_branch, detach,
		retry, dry_run;
	int64_t deadline_ms, wait_ms;
	struct teardown_ask ask;
	struct teardown_reset reset;
};

static const struct opt_row rows[] = {
	OPT_FLAG("keep", 'k', struct options, keep,
	         "save, but leave the workspace where it is; its command, if one runs, goes on"),
	OPT_FLAG("discard", 0, struct options, discard,
	         "save nothing; the workspace goes to the trash"),
	OPT_FLAG("overwrite-remote", 0, struct options, overwrite_remote,
	         "save over what the store has, whatever it is"),
	OPT_FLAG(
		"keep-going", 0, struct options, keep_going,
		"leave out what can't be read: saved as PARTIAL beside, the directory is kept in the spool"),
	OPT_FLAG("keep-trash", 0, struct options, keep_trash,
	         "leave the deletion to ws-gc (undo until then)"),
	OPT_FLAG(
		"if-clean", 0, struct options, if_clean,
		"of a worktree or clone: do nothing when it has work that is nowhere else (status 73)"),
	OPT_FLAG(
		"drop-branch", 0, struct options, drop_branch,
		"of a worktree: delete the branch made for it, unless it has commits that are nowhere else"),
	OPT_DURATION("deadline", 0, "D", struct options, deadline_ms,
	             "spool what is not saved by then; of a command that runs: wait no longer"),
	OPT_DURATION("wait", 'w', "D", struct options, wait_ms,
	             "wait for a workspace that is in use"),
	OPT_FLAG("detach", 0, struct options, detach,
	         "do not wait for it: save and remove in the background"),
	OPT_FLAG("retry", 0, struct options, retry, "send what is in the spool"),
	OPT_FLAG("dry-run", 'n', struct options, dry_run, "say what would be done"),
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	TEARDOWN_ASK_GROUP(offsetof(struct options, ask)),
	TEARDOWN_RESET_GROUP(offsetof(struct options, reset)),
	WS_OPTIONS_GROUP(offsetof(struct options, where)),
	S3_OPTIONS_GROUP(offsetof(struct options, s3)),
	OPT_GROUPS_END,
};

static void defaults(void *options)
{
	struct options *o = options;
	o->reset.tier = TEARDOWN_RESET_NONE;
}

static const char *outcome(const struct options *o, const struct teardown_result *r)
{
	if (o->discard)
		return "discarded";
	if (r->spooled)
		return "spooled";
	return r->removed ? "saved and removed" : "saved";
}

/* What a dry run found in a worktree. */
static void add_git(struct js *line, const struct teardown_result *r)
{
	if (!r->is_worktree)
		return;
	js_set_int(line, "git_dirty", (int64_t)r->git_dirty);
	js_set_int(line, "git_untracked", (int64_t)r->git_untracked);
	js_set_int(line, "git_detached", (int64_t)r->git_detached);
	js_set_int(line, "git_ignored", (int64_t)r->git_ignored);
}

static void show_git(const char *id, const struct teardown_result *r)
{
	if (!r->is_worktree)
		return;
	printf("%s: git would keep %llu changed and %llu untracked paths and %llu detached commits under "
	       "refs/ws/preserved/%s; %llu ignored paths would be archived\n",
	       id, (unsigned long long)r->git_dirty, (unsigned long long)r->git_untracked,
	       (unsigned long long)r->git_detached, id, (unsigned long long)r->git_ignored);
}

static void report(const struct applet_call *call, const char *id, const struct teardown_result *r)
{
	const struct options *o = call->options;
	char content[NUM_TEXT_MAX], archived[NUM_TEXT_MAX];
	if (call->common->json) {
		struct js *line = js_object();
		js_set_text(line, "id", id);
		js_set_text(line, "outcome", outcome(o, r));
		js_set_bool(line, "dry_run", o->dry_run);
		js_set_int(line, "parts_saved", (int64_t)r->parts_saved);
		js_set_int(line, "entries", (int64_t)r->entries);
		js_set_int(line, "content_bytes", (int64_t)r->content_bytes);
		js_set_int(line, "archived_bytes", (int64_t)r->archived_bytes);
		if (r->side_key)
			js_set_text(line, "side_key", r->side_key);
		add_git(line, r);
		applet_json_line(line);
		return;
	}
	show_git(id, r);
	if (o->dry_run)
		printf("%s: would be %s\n", id, outcome(o, r));
	else
		log_info("%s: %s, %llu entries, %s as %s", id, outcome(o, r),
		         (unsigned long long)r->entries, num_format_size(r->content_bytes, content),
		         num_format_size(r->archived_bytes, archived));
}

static int retry(const struct base_dir *base, const struct teardown_options *how,
                 const struct applet_call *call, struct err *e)
{
	const struct options *o = call->options;
	size_t sent = 0, left = 0;
	int result = teardown_retry(base, how, &sent, &left, e);
	if (call->common->json) {
		struct js *line = js_object();
		js_set_int(line, "sent", (int64_t)sent);
		js_set_int(line, "left", (int64_t)left);
		if (o->dry_run)
			js_set_bool(line, "dry_run", true);
		applet_json_line(line);
	} else if (o->dry_run) {
		printf("%zu would be sent from the spool, %zu left\n", sent, left);
	} else if (sent || left) {
		log_info("%zu sent from the spool, %zu left", sent, left);
	}
	return result;
}

static void report_detached(const struct applet_call *call, const char *id)
{
	if (!call->common->json) {
		log_info("%s: is being saved in the background", id);
		return;
	}
	struct js *line = js_object();
	js_set_text(line, "id", id);
	js_set_text(line, "outcome", "detached");
	applet_json_line(line);
}

/* The child has the lock from its first moment: nobody comes between. What becomes of the workspace is in its record and in
 * the journal. */
static int one_detached(const struct base_dir *base, const struct teardown_options *how,
                        const struct applet_call *call, const char *id, bool *is_child,
                        struct err *e)
{
	struct teardown_result ignored = { .side_key = NULL };
	LOCK_AUTO lock = LOCK_NONE;
	if (teardown_lock(base, id, how->wait_ms, &lock, e))
		return -1;
	int forked = proc_detach(e);
	if (forked < 0)
		return -1;
	*is_child = forked == 0;
	if (!*is_child) {
		lock_leave(&lock);
		report_detached(call, id);
		return 0;
	}
	lock_adopt(&lock);
	int status = teardown_run(base, id, how, &lock, &ignored, e);
	teardown_result_free(&ignored);
	return status;
}

/* What is kept is saved by whoever has the workspace, when that can be asked. */
static bool asks_to_save(const struct base_dir *base, const struct options *o, const char *id)
{
	return o->keep && !o->overwrite_remote && !o->keep_going && holder_can_save(base, id);
}

static int one(const struct base_dir *base, const struct teardown_options *how,
               const struct applet_call *call, const char *id, struct err *e)
{
	struct teardown_result result = { .side_key = NULL };
	const struct options *o = call->options;
	struct holder_ask ask = { .dry_run = o->dry_run, .deadline_ms = o->deadline_ms };
	int asks = teardown_ask_wish(&o->ask, &ask.wish, e);
	if (asks == 0 && asks_to_save(base, o, id)) {
		ask.wish = HOLDER_SAVE;
		asks = 1;
	}
	if (asks != 0)
		return asks < 0 ? -1 : teardown_ask_run(call, &ask, base, id, e);
	int status = teardown_run(base, id, how, NULL, &result, e);
	if (!status || result.spooled || result.conflict)
		report(call, id, &result);
	teardown_result_free(&result);
	return status;
}

/* Each workspace by itself: one that fails does not keep the others from being saved. */
static int each(const struct base_dir *base, const struct teardown_options *how,
                const struct applet_call *call, struct err *e)
{
	const struct options *o = call->options;
	uint64_t failed = 0;
	bool is_child = false;
	for (size_t i = 0; i < call->arg_count; i++) {
		struct err why = ERR_INIT;
		const char *id = call->args[i];
		int status = o->detach ? one_detached(base, how, call, id, &is_child, &why)
		                       : one(base, how, call, id, &why);
		if (is_child || (status && call->arg_count == 1)) {
			*e = why;
			return status;
		}
		if (status)
			applet_item_failed(call, &why, &failed);
	}
	return applet_result(failed, call->arg_count, "workspaces", e);
}

/* Which of the tasks it is, and that it is one. */
static int check(const struct applet_call *call, struct err *e)
{
	const struct options *o = call->options;
	if (o->retry ? call->arg_count > 0 : call->arg_count == 0)
		return err_set(e, ERR_KIND_USAGE,
		               o->retry ? "--retry takes no workspace"
		                        : "which workspace? or --retry");
	if (o->detach && (o->retry || o->dry_run || o->reset.tier != TEARDOWN_RESET_NONE))
		return err_set(e, ERR_KIND_USAGE,
		               "--detach is for saving, or with --discard for giving up");
	if (o->discard && (o->keep || o->overwrite_remote || o->keep_going))
		return err_set(
			e, ERR_KIND_USAGE,
			"--discard saves nothing: it goes with none of the options of saving");
	if (o->reset.tier == TEARDOWN_RESET_NONE ? o->reset.force || o->reset.purge
	                                         : o->retry || o->discard || o->keep)
		return err_set(
			e, ERR_KIND_USAGE,
			"--force and --purge are for --reset, which saves nothing and goes with no other task");
	enum holder_wish ignored;
	int asks = teardown_ask_wish(&o->ask, &ignored, e);
	if (asks > 0 &&
	    (o->keep || o->discard || o->overwrite_remote || o->keep_going || o->keep_trash ||
	     o->drop_branch || o->detach || o->retry || o->reset.tier != TEARDOWN_RESET_NONE))
		return err_set(e, ERR_KIND_USAGE,
		               "--pause, --resume and --cancel go with no other task");
	return asks < 0 ? -1 : 0;
}

static int run(const struct applet_call *call, struct err *e)
{
	const struct options *o = call->options;
	if (check(call, e) != 0)
		return -1;
	BASE_DIR_AUTO base = { .fd = -1, .ws_fd = -1 };
	if (ws_options_open_base(&o->where, call->config, &base, e))
		return -1;
	if (o->reset.tier != TEARDOWN_RESET_NONE)
		return teardown_reset_run(call, &o->reset, o->dry_run, &base, o->wait_ms, e);
	struct progress progress = { .label = "save" };
	const struct teardown_options how = {
		.keep = o->keep,
		.discard = o->discard,
		.overwrite_remote = o->overwrite_remote,
		.keep_going = o->keep_going,
		.keep_trash = o->keep_trash,
		.only_clean = o->if_clean,
		.drop_branch = o->drop_branch,
		.dry_run = o->dry_run,
		.deadline_ms = o->deadline_ms,
		.wait_ms = o->wait_ms,
		.wake_fd = -1,
		.config = call->config,
		.s3 = &o->s3,
		.progress = &progress,
		.meter = o->detach ? METER_NEVER : applet_meter_mode(call),
		.notice = ws_options_notice,
	};
	/* With a deadline the save runs in a child of its own, which draws: a thread here must not be in its way. Detached, it
	 * has no terminal any more. */
	bool is_elsewhere = o->deadline_ms || o->detach;
	struct meter *meter = is_elsewhere ? NULL : applet_progress(call, &progress, "save");
	int result = o->retry ? retry(&base, &how, call, e) : each(&base, &how, call, e);
	applet_progress_end(meter);
	return result;
}

const struct applet ws_teardown_applet = {
	.name = "ws-teardown",
	.summary = "save a workspace to its store, verify, then remove it",
	.synopsis =
		"[OPTIONS…] ID…  |  --retry  |  --pause|--resume|--cancel ID…  |  --reset TIER [--force] ID…",
	.details =
		"Nothing is uploaded over a state that this workspace was not built on, and nothing is removed before\n"
		"its copy was verified. What can't be saved in time is moved to the spool (exit status 75) and sent\n"
		"by `ws-teardown --retry`. With --detach the same happens in the background: the status only says that it\n"
		"was begun, and who comes to the workspace before it is done is told that it is in use.\n"
		"\n"
		"While `ws-setup … -- COMMAND` has the workspace, it is asked: --keep has it save without ending the command,\n"
		"--cancel ends that as a TERM does (status `cancelled`). 73: no command runs there; 69: it runs on another\n"
		"host or in another container, where it has to be asked.",
	.groups = groups,
	.options_size = sizeof(struct options),
	.defaults = defaults,
	.args_max = SIZE_MAX,
	.run = run,
};
