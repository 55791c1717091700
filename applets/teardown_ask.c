/* Wishes to a supervisor, and what came of them. */
#include "applets/teardown_ask.h"

#include "base/mem.h"
#include "os/log.h"

const struct opt_row teardown_ask_rows[TEARDOWN_ASK_COUNT] = {
	OPT_FLAG("pause", 0, struct teardown_ask, pause,
	         "hold the command of ws-setup where it is (its time limit runs on)"),
	OPT_FLAG("resume", 0, struct teardown_ask, resume, "let a paused command go on"),
	OPT_FLAG("cancel", 0, struct teardown_ask, cancel,
	         "end the command; wait until what it did is saved"),
};

static const char *const outcomes[] = {
	[HOLDER_PAUSE] = "paused",
	[HOLDER_RESUME] = "resumed",
	[HOLDER_CANCEL] = "cancelled",
	[HOLDER_SAVE] = "saved",
};

int teardown_ask_wish(const struct teardown_ask *o, enum holder_wish *wish, struct err *e)
{
	*wish = o->pause ? HOLDER_PAUSE : o->resume ? HOLDER_RESUME : HOLDER_CANCEL;
	if (o->pause + o->resume + o->cancel <= 1)
		return o->pause || o->resume || o->cancel;
	return err_set(e, ERR_KIND_USAGE, "--pause, --resume, --cancel: one of them is expected");
}

static void report(const struct applet_call *call, const struct holder_ask *how,
                   const struct record *r)
{
	const char *outcome = outcomes[how->wish];
	if (!call->common->json) {
		log_info("%s%s: %s (%s)", how->dry_run ? "would be " : "", r->id, outcome,
		         r->task_status);
		return;
	}
	struct js *line = js_object();
	js_set_text(line, "id", r->id);
	js_set_text(line, "outcome", outcome);
	js_set_bool(line, "dry_run", how->dry_run);
	js_set_text(line, "task_status", r->task_status);
	js_set_text(line, "state", record_state_name(r->state));
	applet_json_line(line);
}

int teardown_ask_run(const struct applet_call *call, const struct holder_ask *how,
                     const struct base_dir *b, const char *id, struct err *e)
{
	struct record *record = mem_new(1, sizeof(*record));
	int status = holder_ask(b, id, how, record, e);
	if (status == 0)
		report(call, how, record);
	record_free(record);
	mem_free(record);
	return status;
}
