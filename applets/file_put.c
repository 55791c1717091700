/* ws-file put: a file into a workspace. */
#include <string.h>

#include "applets/file_verbs.h"
#include "os/dir.h"

struct options {
	struct ws_options where;
	bool force, dry_run;
	uint32_t mode;
	uint64_t max_size_bytes;
	const char *agent;
};

static const struct opt_row rows[] = {
	OPT_FLAG("force", 'f', struct options, force, "replace a file that is there"),
	OPT_FLAG("dry-run", 'n', struct options, dry_run, "say what would be put where"),
	OPT_MODE("mode", 'm', "MODE", struct options, mode, "mode of the file (default 0644)"),
	OPT_SIZE("max-size", 'M', "SIZE", struct options, max_size_bytes,
	         "refuse a file that is larger (default: no limit)"),
	OPT_TEXT("agent", 0, "NAME", struct options, agent,
	         "whose it is, for the registry of a flat workspace (else its owner)"),
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	WS_OPTIONS_GROUP(offsetof(struct options, where)),
	OPT_GROUPS_END,
};

static void defaults(void *options)
{
	struct options *o = options;
	o->mode = 0644;
	o->max_size_bytes = UINT64_MAX;
}

static bool is_stdin(const char *source)
{
	return strcmp(source, "-") == 0;
}

/* PATH; without one, the last component of SOURCE. */
static int choose_path(const struct applet_call *call, const char **path, struct err *e)
{
	const char *source = call->args[1];
	const char *slash = strrchr(source, '/');
	*path = slash ? slash + 1 : source;
	if (call->arg_count > 2)
		*path = call->args[2];
	else if (is_stdin(source))
		return err_set(e, ERR_KIND_USAGE, "standard input has no name; give a PATH");
	return 0;
}

static int check_size(int fd, const char *source, uint64_t max_bytes, struct err *e)
{
	struct file_stat st;
	if (file_stat(fd, &st, e, source) != 0)
		return -1;
	if (!file_is_regular(&st) || st.size_bytes <= max_bytes)
		return 0;
	return err_set(e, ERR_KIND_DATA, "%s is larger than %llu bytes; --max-size allows more",
	               source, (unsigned long long)max_bytes);
}

static void show(const struct applet_call *call, const char *path, const struct inside_copied *done)
{
	const struct options *how = call->options;
	if (how->dry_run) {
		applet_show_action(call, &(struct applet_action){ "put", call->args[1], path,
		                                                  UINT64_MAX, true });
		return;
	}
	if (!call->common->json)
		return;
	struct js *o = js_object();
	js_set_path(o, "path", str_of(path));
	js_set_int(o, "size", (int64_t)done->size_bytes);
	js_set_text(o, "sha256", done->sha256);
	applet_json_line(o);
}

static int put(const struct applet_call *call, struct inside *in, int from, const char *path,
               struct inside_copied *done, struct err *e)
{
	const struct options *o = call->options;
	const struct inside_put how = { .force = o->force,
		                        .mode = o->mode,
		                        .max_bytes = o->max_size_bytes };
	struct progress progress = { .label = NULL };
	struct file_stat st;
	if (file_stat(from, &st, e, path) != 0)
		return -1;
	progress_expect(&progress, file_is_regular(&st) ? st.size_bytes : 0, 0);
	in->progress = &progress;
	struct meter *meter = applet_progress(call, &progress, "put");
	int result = inside_put(in, from, path, &how, done, e);
	applet_progress_end(meter);
	in->progress = NULL;
	return result;
}

static int run(const struct applet_call *call, struct err *e)
{
	const struct options *o = call->options;
	const char *source = call->args[1], *path;
	FILE_TARGET_AUTO target = { .in.fd = -1 };
	FD_AUTO opened = -1;
	struct inside_copied done;
	if (choose_path(call, &path, e) != 0 ||
	    file_target_open(call, &o->where, &target, e) != 0 ||
	    (!is_stdin(source) && dir_open_user_file(source, false, &opened, e) != 0))
		return -1;
	int from = is_stdin(source) ? 0 : opened;
	target.in.dry_run = o->dry_run;
	if ((target.is_flat && flat_check_name(path, e) != 0) ||
	    check_size(from, source, o->max_size_bytes, e) != 0 ||
	    put(call, &target.in, from, path, &done, e) != 0)
		return -1;
	show(call, path, &done);
	if (o->dry_run)
		return 0;
	const char *owner = target.in.record.owner;
	return file_target_changed(&target, path, o->agent ? o->agent : owner[0] ? owner : NULL, e);
}

const struct applet file_put_applet = {
	.name = "put",
	.summary = "put a file into a workspace",
	.synopsis = "[OPTIONS] ID SOURCE|- [PATH]",
	.details =
		"The file is there whole or not at all, and replaces nothing unless --force is given. Run by\n"
		"root, it belongs to whom the directory that it is put into belongs to.",
	.groups = groups,
	.options_size = sizeof(struct options),
	.defaults = defaults,
	.args_min = 2,
	.args_max = 3,
	.run = run,
};
