/* ws-setup: make a workspace or take up the one that is there; with a command, supervise it and tear down. */
#include <string.h>

#include "applets/git_options.h"
#include "applets/s3_options.h"
#include "applets/setup_command.h"
#include "applets/setup_print.h"
#include "applets/ws_options.h"
#include "base/mem.h"
#include "base/num.h"
#include "os/log.h"
#include "os/sys.h"
#include "store/store.h"
#include "ws/setup.h"

enum { DEADLINE_DEFAULT_MS = 8000, GRACE_DEFAULT_MS = 8000 };

struct options {
	struct ws_options where;
	struct s3_config s3;
	struct git_options git;
	const char *id, *restore, *workspace, *session, *owner, *store, *from, *user,
		*idempotency_key;
	struct opt_list labels;
	uint32_t mode;
	bool ephemeral, dry_run;
	int64_t wait_ms, deadline_ms, grace_ms;
	int print;
};

static const char *const print_choices[] = { "path", "env", "json", NULL };

static const struct opt_row rows[] = {
	OPT_TEXT("id", 'i', "ID", struct options, id,
	         "the workspace's id (else made up, or the profile's)"),
	OPT_TEXT("restore", 0, "ID", struct options, restore,
	         "a workspace that was made before, as it was made: take it up, or bring it back"),
	OPT_TEXT("workspace", 0, "W", struct options, workspace,
	         "the workspace that sessions share (profile session)"),
	OPT_TEXT("session", 0, "S", struct options, session, "the session (profile session)"),
	OPT_TEXT("owner", 0, "NAME", struct options, owner,
	         "who it belongs to, for ws-ls and policies"),
	OPT_LIST("label", 'l', "K=V", struct options, labels, "a label for the record"),
	OPT_TEXT("store", 0, "URL", struct options, store,
	         "s3://bucket/prefix or file:///dir (else WS_STORE, else a store below the base)"),
	OPT_TEXT("from", 0, "ARCHIVE", struct options, from,
	         "an archive to start from when the store has nothing"),
	OPT_TEXT("user", 'u', "UID[:GID]", struct options, user, "who shall own the files"),
	OPT_MODE("mode", 'm', "MODE", struct options, mode,
	         "mode of the workspace directory (else the profile's)"),
	OPT_FLAG("ephemeral", 0, struct options, ephemeral,
	         "never saved; removed by teardown or gc"),
	OPT_TEXT("idempotency-key", 0, "KEY", struct options, idempotency_key,
	         "the same key gives the same workspace again"),
	OPT_DURATION("wait", 'w', "D", struct options, wait_ms,
	             "wait for a workspace that is in use"),
	OPT_CHOICE("print", 0, "WHAT", struct options, print, print_choices,
	           "what is printed without a command"),
	OPT_DURATION("grace", 0, "D", struct options, grace_ms,
	             "from a TERM to a KILL for the command (default 8s)"),
	OPT_DURATION("deadline", 0, "D", struct options, deadline_ms,
	             "after a TERM: when the save is not done by then it is spooled (default 8s)"),
	OPT_FLAG("dry-run", 'n', struct options, dry_run, "say what would be done"),
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	GIT_OPTIONS_GROUP(offsetof(struct options, git)),
	WS_OPTIONS_GROUP(offsetof(struct options, where)),
	S3_OPTIONS_GROUP(offsetof(struct options, s3)),
	OPT_GROUPS_END,
};

static void defaults(void *options)
{
	struct options *o = options;
	o->mode = UINT32_MAX;
	git_options_defaults(&o->git);
	o->grace_ms = GRACE_DEFAULT_MS;
	o->deadline_ms = DEADLINE_DEFAULT_MS;
}

static int parse_user(const char *text, struct setup_options *s, struct err *e)
{
	struct str uid, gid;
	bool has_gid = str_cut(str_of(text), ':', &uid, &gid);
	uint64_t u, g;
	if (num_parse_u64(uid, &u, e) || num_parse_u64(has_gid ? gid : uid, &g, e))
		return err_context(e, "--user: numbers are expected");
	if (u >= UINT32_MAX || g >= UINT32_MAX)
		return err_set(e, ERR_KIND_USAGE, "--user %s: too large", text);
	s->set_user = true;
	s->uid = (uint32_t)u;
	s->gid = (uint32_t)g;
	return 0;
}

static int fill(const struct applet_call *call, const struct options *o, struct setup_options *s,
                struct err *e)
{
	*s = (struct setup_options){
		.id = o->restore ? o->restore : o->id,
		.restore = o->restore != NULL,
		.profile = ws_options_profile(&o->where),
		.workspace = o->workspace,
		.session = o->session,
		.owner = o->owner,
		.base = ws_options_base(&o->where),
		.store = o->store ? o->store : sys_env("WS_STORE"),
		.idempotency_key = o->idempotency_key,
		.labels = o->labels.items,
		.label_count = o->labels.count,
		.from = o->from,
		.set_mode = o->mode != UINT32_MAX,
		.mode = o->mode,
		.ephemeral = o->ephemeral,
		.wait_ms = o->wait_ms,
		.dry_run = o->dry_run,
		.config = call->config,
		.s3 = &o->s3,
	};
	git_options_fill(&o->git, s);
	if (o->git.repo && !o->where.profile && !sys_env("WS_PROFILE"))
		s->profile = "worktree";
	return o->user ? parse_user(o->user, s, e) : 0;
}

/* Mistakes that show by themselves are told before a base is made. */
static int check_early(const struct setup_options *s, struct err *e)
{
	STORE_AUTO store = NULL;
	for (size_t i = 0; i < s->label_count; i++)
		if (s->labels[i][0] == '=' || !strchr(s->labels[i], '='))
			return err_set(e, ERR_KIND_USAGE, "--label %s: K=V is expected",
			               s->labels[i]);
	return s->store ? store_open(s->store, s->s3, &store, e) : 0;
}

static int run(const struct applet_call *call, struct err *e)
{
	const struct options *o = call->options;
	struct setup_options how;
	if (call->after_dashes > 0 && call->arg_count > 0)
		return err_set(e, ERR_KIND_USAGE, "'%s' is not an option; a command goes behind --",
		               call->args[0]);
	if (o->restore && o->id)
		return err_set(e, ERR_KIND_USAGE, "--restore says which one it is: no --id");
	if (fill(call, o, &how, e) || check_early(&how, e))
		return -1;
	struct progress progress = { .label = NULL };
	how.progress = &progress;
	struct meter *meter = applet_progress(call, &progress, "restore");
	SETUP_AUTO setup = { .root = NULL };
	int result = setup_run(&how, &setup, e);
	applet_progress_end(meter);
	if (result)
		return -1;
	setup_print_summary(&setup, o->dry_run);
	if (git_options_hooks(&o->git, &how, &setup, e))
		return -1;
	if (call->arg_count == 0 || o->dry_run)
		return setup_print(&setup, call->common->json ? SETUP_PRINT_JSON : o->print, e);
	const struct setup_command command = {
		.argv = call->args,
		.argc = call->arg_count,
		.grace_ms = o->grace_ms,
		.deadline_ms = o->deadline_ms,
		.s3 = &o->s3,
		.call = call,
	};
	return setup_command_run(&setup, &command, e);
}

const struct applet ws_setup_applet = {
	.name = "ws-setup",
	.summary =
		"make a workspace, restored from its store; with a command, run it and save when it ends",
	.synopsis = "[OPTIONS…] [-- COMMAND ARG…]",
	.details =
		"Without a command the workspace's path is printed. With one, ws-setup stays as its supervisor (it may\n"
		"be PID 1 of a container): signals go to the command's process group, orphans are reaped, and when it\n"
		"ends the workspace is saved and removed as ws-teardown does. The exit status is the command's, or\n"
		"128+n; when the command succeeded and the save did not, it is the save's.",
	.groups = groups,
	.options_size = sizeof(struct options),
	.defaults = defaults,
	.args_max = SIZE_MAX,
	.run = run,
};
