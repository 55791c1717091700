/* ws-setup: make a workspace or take up the one that is there; with a command, supervise it and tear down. */
#include <string.h>

#include "applets/git_options.h"
#include "applets/s3_options.h"
#include "applets/setup_check.h"
#include "applets/setup_command.h"
#include "applets/setup_docker.h"
#include "applets/setup_migrate.h"
#include "applets/setup_print.h"
#include "applets/setup_room.h"
#include "applets/ws_options.h"
#include "base/mem.h"
#include "base/num.h"
#include "os/log.h"
#include "os/sys.h"
#include "store/store.h"
#include "ws/profile.h"
#include "ws/profile_explain.h"
#include "ws/setup.h"

enum {
	ROOM_DEFAULT_MS = 5000,
	LEASE_DEFAULT_MS = 60 * 1000, /* renewed while the command runs */
};

struct options {
	struct ws_options where;
	struct s3_config s3;
	struct git_options git;
	struct setup_room room;
	const char *id, *restore, *workspace, *session, *owner, *store, *from, *user,
		*idempotency_key;
	struct setup_command_options command;
	struct opt_list labels;
	uint32_t mode;
	bool adopt, ephemeral, dry_run;
	int64_t wait_ms, lease_ms;
	int print;
	bool check, explain, system_mounts;
	struct opt_list required, mounts;
	const char *instance, *cpus, *memory, *migrate;
	int volumes;
};

static const char *const print_choices[] = { "path", "env", "json", "docker", "docker0", NULL };
static const char *const volume_choices[] = { "workspace", "named", "host", NULL };

static const struct opt_row rows[] = {
	OPT_TEXT("id", 'i', "ID", struct options, id,
	         "the workspace's id (else made up, or the profile's)"),
	OPT_TEXT("restore", 0, "ID", struct options, restore,
	         "a workspace that was made before, as it was made: take it up, or bring it back"),
	OPT_FLAG(
		"adopt", 0, struct options, adopt,
		"a directory that lies in its place without being one of ours becomes the workspace, as it is (else: quarantine)"),
	OPT_TEXT("workspace", 0, "W", struct options, workspace,
	         "the workspace that sessions share (profile session)"),
	OPT_TEXT("session", 0, "S", struct options, session, "the session (profile session)"),
	OPT_TEXT("owner", 0, "NAME", struct options, owner,
	         "who it belongs to, for ws-ls and policies"),
	OPT_LIST("label", 'l', "K=V", struct options, labels,
	         "a label for the record; class=sensitive is --ephemeral, too"),
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
	OPT_DURATION(
		"lease", 0, "D", struct options, lease_ms,
		"how long other hosts stay away unless it is renewed (60s and renewed with a command, else none is taken; 0: nor are those of others heeded)"),
	OPT_CHOICE("print", 0, "WHAT", struct options, print, print_choices,
	           "what is printed without a command"),
	OPT_FLAG("dry-run", 'n', struct options, dry_run, "say what would be done"),
	OPT_TEXT(
		"make-room", 0, "LOW[:HIGH]", struct options, room.mark,
		"first, when less than LOW (20G, 10%) is free, let go of trash and idle workspaces until HIGH is"),
	OPT_DURATION("make-room-time", 0, "D", struct options, room.time_ms,
	             "of --make-room: no longer than D (default 5s)"),
	OPT_TEXT("migrate", 0, "DIR", struct options, migrate,
	         "take up the files of the old sessions (denker_<digits>) in DIR (profile flat)"),
	OPT_FLAG("explain", 0, struct options, explain, "print the profile and do nothing"),
};

static const struct opt_row persist_rows[] = {
	OPT_FLAG(
		"check", 0, struct options, check,
		"only say whether the profile's volumes and the required paths (else the base) persist"),
	OPT_LIST(
		"require-persistent", 0, "PATH", struct options, required,
		"fail, before anything is made, unless what is written there outlives the container"),
};

static const struct opt_row docker_rows[] = {
	OPT_TEXT("cpus", 0, "N", struct options, cpus, "limit of CPUs (else RUNNER_CPU_LIMIT)"),
	OPT_TEXT("memory", 0, "SIZE", struct options, memory,
	         "limit of memory (else RUNNER_MEMORY_LIMIT)"),
	OPT_LIST("mount", 0, "HOST:DIR[:ro]", struct options, mounts,
	         "a directory of the host for the container, also in place of a volume"),
	OPT_FLAG("system-mounts", 0, struct options, system_mounts,
	         "let --mount cover the container's system directories"),
	OPT_CHOICE("volumes", 0, "WHERE", struct options, volumes, volume_choices,
	           "where the profile's volumes are"),
	OPT_TEXT("instance", 0, "ID", struct options, instance,
	         "volumes of their own for this instance: each name gets -ID"),
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	GIT_OPTIONS_GROUP(offsetof(struct options, git)),
	SETUP_COMMAND_GROUP(offsetof(struct options, command)),
	OPT_GROUP("Persistence", persist_rows, 0),
	OPT_GROUP("With --print docker or docker0", docker_rows, 0),
	WS_OPTIONS_GROUP(offsetof(struct options, where)),
	S3_OPTIONS_GROUP(offsetof(struct options, s3)),
	OPT_GROUPS_END,
};

static void defaults(void *options)
{
	struct options *o = options;
	o->mode = UINT32_MAX;
	git_options_defaults(&o->git);
	o->lease_ms = -1;
	setup_command_defaults(&o->command);
	o->room.time_ms = ROOM_DEFAULT_MS;
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

static int64_t lease_ms(const struct applet_call *call, const struct options *o)
{
	if (o->lease_ms < 0)
		return call->arg_count > 0 ? LEASE_DEFAULT_MS : 0;
	return o->lease_ms > 0 ? o->lease_ms : -1;
}

/* What must not get into a store must not be saved either; ws-gc leaves none of it in the trash. */
static bool is_sensitive(const struct options *o)
{
	bool found = false;
	for (size_t i = 0; i < o->labels.count; i++)
		found |= strcmp(o->labels.items[i], "class=sensitive") == 0;
	return found;
}

static int fill(const struct applet_call *call, const struct options *o, struct setup_options *s,
                struct err *e)
{
	*s = (struct setup_options){
		.id = o->restore ? o->restore : o->id,
		.adopt = o->adopt,
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
		.ephemeral = o->ephemeral || is_sensitive(o),
		.wait_ms = o->wait_ms,
		.lease_ms = lease_ms(call, o),
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

static bool is_for_docker(const struct options *o)
{
	return o->print == SETUP_PRINT_DOCKER || o->print == SETUP_PRINT_DOCKER0;
}

static bool is_for_command(const struct applet_call *call)
{
	const struct options *o = call->options;
	return call->arg_count > 0 && !o->dry_run && !is_for_docker(o);
}

/* What there is to mount: the profile's volumes and the user's. */
static int fill_volumes(const struct applet_call *call, const struct options *o,
                        struct volume_list *out, struct err *e)
{
	const char *profile = ws_options_profile(&o->where);
	if (volume_load(profile, call->config, o->instance, out, e) != 0)
		return -1;
	for (size_t i = 0; i < o->mounts.count; i++) {
		if (volume_add(out, o->mounts.items[i], o->system_mounts, e) != 0)
			return -1;
	}
	if (o->instance && out->count == o->mounts.count)
		return err_set(e, ERR_KIND_USAGE, "--instance: profile %s has no volumes", profile);
	return 0;
}

static struct setup_docker docker_of(const struct applet_call *call, const struct options *o,
                                     const struct volume_list *volumes)
{
	return (struct setup_docker){
		.volumes = volumes,
		.from = o->volumes,
		.cpus = o->cpus ? o->cpus : sys_env("RUNNER_CPU_LIMIT"),
		.memory = o->memory ? o->memory : sys_env("RUNNER_MEMORY_LIMIT"),
		.user = o->user,
		.words = call->args,
		.word_count = call->arg_count,
		.dry_run = o->dry_run,
		.nul = o->print == SETUP_PRINT_DOCKER0,
	};
}

static int explain(const struct applet_call *call, const struct options *o, struct err *e)
{
	BUF_AUTO text = buf_make(1 << 20);
	if (profile_explain(ws_options_profile(&o->where), call->config, &text, e) != 0)
		return -1;
	applet_print(&text);
	return 0;
}

static int check(const struct applet_call *call, const struct options *o,
                 const struct volume_list *volumes, struct err *e)
{
	BUF_AUTO base = buf_make(4096);
	bool of_base = volumes->count + o->required.count == 0;
	if (of_base && ws_options_base_path(&o->where, call->config, &base, e) != 0)
		return -1;
	const struct setup_check how = {
		.call = call,
		.required = &o->required,
		.volumes = volumes,
		.base = base.p,
	};
	return setup_check_show(&how, e);
}

/* What was made, for the caller or for the command. */
static int finish(const struct applet_call *call, const struct options *o, struct setup *setup,
                  struct setup_docker *docker, struct err *e)
{
	if (is_for_docker(o) && !call->common->json) {
		docker->setup = setup;
		return setup_docker_print(docker, e);
	}
	if (call->arg_count == 0 || o->dry_run)
		return setup_print(setup, call->common->json ? SETUP_PRINT_JSON : o->print, e);
	const struct setup_command command = {
		.argv = call->args,
		.argc = call->arg_count,
		.options = &o->command,
		.s3 = &o->s3,
		.call = call,
	};
	return setup_command_run(setup, &command, e);
}

static int check_migrate(const struct applet_call *call, const struct options *o, struct err *e)
{
	PROFILE_AUTO profile = { .name = NULL };
	if (!o->migrate)
		return 0;
	if (profile_load(ws_options_profile(&o->where), call->config, &profile, e) != 0)
		return -1;
	if (!profile.flat || o->restore || call->arg_count > 0)
		return err_set(
			e, ERR_KIND_USAGE,
			"--migrate is for flat workspaces (profile flat), without --restore or a command");
	return 0;
}

static int make(const struct applet_call *call, const struct options *o,
                const struct volume_list *volumes, struct err *e)
{
	struct setup_options how;
	struct setup_docker docker = docker_of(call, o, volumes);
	if (o->restore && o->id)
		return err_set(e, ERR_KIND_USAGE, "--restore says which one it is: no --id");
	if (fill(call, o, &how, e) || check_early(&how, e) || check_migrate(call, o, e) ||
	    setup_check_required(&o->required, e) || setup_docker_check(&docker, e) ||
	    (!o->dry_run && setup_room_make(call, &o->where, &o->s3, &o->room, e)))
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
	if (o->migrate)
		return setup_migrate(call, &setup, o->migrate, o->dry_run, e);
	if (git_options_hooks(&o->git, &how, &setup, e))
		return -1;
	return finish(call, o, &setup, &docker, e);
}

static int run(const struct applet_call *call, struct err *e)
{
	const struct options *o = call->options;
	VOLUME_LIST_AUTO volumes = { .count = 0 };
	if (call->after_dashes > 0 && call->arg_count > 0)
		return err_set(e, ERR_KIND_USAGE, "'%s' is not an option; a command goes behind --",
		               call->args[0]);
	if (o->explain)
		return explain(call, o, e);
	if (o->command.save_every_ms > 0 &&
	    (call->arg_count == 0 || o->ephemeral || is_sensitive(o)))
		return err_set(e, ERR_KIND_USAGE,
		               "--save-every is for a command whose workspace is to be saved");
	if (fill_volumes(call, o, &volumes, e) != 0)
		return -1;
	if (!o->check)
		return make(call, o, &volumes, e);
	/* What it found is in its lines: no other one with --json. */
	if (check(call, o, &volumes, e) == 0)
		return 0;
	log_err(e);
	return err_exit_status(e);
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
		"128+n (127 when it is not there, 126 when it can't be run); when it succeeded and the save did not,\n"
		"it is the save's. Where there is a control group to write to, the KILL is for all of one of its own.\n"
		"A TSTP pauses the command, and all of that group, until a CONT (ws-teardown --pause, --resume, --cancel).\n"
		"\n"
		"--print docker gives the arguments of `docker run` (with the image and command behind --) as a line for\n"
		"a shell, docker0 with a NUL behind each; docker is never run.\n"
		"\n"
		"--check says persistent, ephemeral, anonymous or unknown of each path; status 0 when all persist and\n"
		"can be written to, 78 when one does not, 1 when that can't be told. ENCRYPTED: whether dm-crypt or the\n"
		"file system itself encrypts what is written there.",
	.prints_content = is_for_command,
	.groups = groups,
	.options_size = sizeof(struct options),
	.defaults = defaults,
	.args_max = SIZE_MAX,
	.run = run,
};
