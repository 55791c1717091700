/* ws-file mv: a result out of a workspace, to where its user wants it. */
#include <string.h>

#include "applets/file_verbs.h"
#include "os/ancestor.h"
#include "os/dir.h"

struct options {
	struct ws_options where;
	struct opt_list allow;
	bool dry_run;
};

static const struct opt_row rows[] = {
	OPT_LIST("allow", 0, "DIR", struct options, allow,
	         "DEST has to lie in this directory, or in another one given so"),
	OPT_FLAG("dry-run", 'n', struct options, dry_run, "say what would be moved where"),
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	WS_OPTIONS_GROUP(offsetof(struct options, where)),
	OPT_GROUPS_END,
};

/* An existing directory takes the file by its own name; anything else is its new name. */
static int open_dest(const char *dest, const char *path, int *dir, char name[DIR_NAME_MAX + 1],
                     struct err *e)
{
	struct err ignored = ERR_INIT;
	struct str last;
	size_t len = strlen(dest);
	if (dir_open_root(dest, dir, &ignored) == 0) {
		if (!str_cut_last(str_of(path), '/', NULL, &last))
			last = str_of(path);
		return str_copy(last, name, DIR_NAME_MAX + 1) == 0 && name[0]
		               ? 0
		               : err_set(e, ERR_KIND_USAGE, "\"%s\" does not end in a name", path);
	}
	if (len > 0 && dest[len - 1] == '/')
		return err_set(e, ERR_KIND_NOT_FOUND, "%s: there is no such directory", dest);
	return dir_open_user_parent(dest, dir, name, e);
}

/* By descriptors: what a path says can change. */
static int check_allowed(int dir, const char *dest, const struct opt_list *allow, struct err *e)
{
	for (size_t i = 0; i < allow->count; i++) {
		FD_AUTO top = -1;
		if (dir_open_root(allow->items[i], &top, e) != 0)
			return err_context(e, "--allow");
		int within = ancestor_is(dir, top, e);
		if (within != 0)
			return within < 0 ? -1 : 0;
	}
	if (allow->count == 0)
		return 0;
	return err_set(e, ERR_KIND_DENIED, "%s does not lie in a directory that --allow names",
	               dest);
}

static int check_outside(int dir, const struct file_target *t, const char *dest, struct err *e)
{
	int inside = ancestor_is(dir, t->in.fd, e);
	int ours = inside == 0 ? ancestor_is(dir, t->base.ws_fd, e) : inside;
	if (ours == 0)
		return 0;
	return ours < 0 ? -1
	                : err_set(e, ERR_KIND_USAGE, "%s: mv moves out of the workspace", dest);
}

static void show(const struct applet_call *call, const char *path, const char *name,
                 const struct inside_copied *done)
{
	const struct options *how = call->options;
	if (how->dry_run) {
		applet_show_action(call, &(struct applet_action){ "move", path, call->args[2],
		                                                  done->size_bytes, true });
		return;
	}
	if (!call->common->json)
		return;
	struct js *o = js_object();
	js_set_path(o, "path", str_of(path));
	js_set_path(o, "dest", str_of(call->args[2]));
	js_set_path(o, "name", str_of(name));
	js_set_int(o, "size", (int64_t)done->size_bytes);
	js_set_bool(o, "copied", done->sha256[0] != '\0');
	applet_json_line(o);
}

static int move(const struct applet_call *call, struct inside *in, const char *path, int dir,
                const char *name, struct inside_copied *done, struct err *e)
{
	struct progress progress = { .label = NULL };
	in->progress = &progress;
	struct meter *meter = applet_progress(call, &progress, "mv");
	int result = inside_move(in, path, dir, name, done, e);
	applet_progress_end(meter);
	in->progress = NULL;
	return result;
}

static int run(const struct applet_call *call, struct err *e)
{
	const struct options *o = call->options;
	const char *path, *dest = call->args[2];
	FILE_TARGET_AUTO target = { .in.fd = -1 };
	FD_AUTO dir = -1;
	char name[DIR_NAME_MAX + 1], found[DIR_NAME_MAX + 1];
	struct inside_copied done;
	if (file_target_open(call, &o->where, &target, e) != 0 ||
	    file_target_path(&target, call->args[1], found, &path, e) != 0 ||
	    open_dest(dest, path, &dir, name, e) != 0 ||
	    check_allowed(dir, dest, &o->allow, e) != 0 ||
	    check_outside(dir, &target, dest, e) != 0)
		return -1;
	target.in.dry_run = o->dry_run;
	if (move(call, &target.in, path, dir, name, &done, e) != 0)
		return -1;
	show(call, path, name, &done);
	return o->dry_run ? 0 : file_target_changed(&target, NULL, NULL, e);
}

const struct applet file_mv_applet = {
	.name = "mv",
	.summary = "move a file out of a workspace",
	.synopsis = "[OPTIONS] ID PATH DEST",
	.details =
		"Nothing is ever replaced. To another file system the file is copied, and goes when the copy is\n"
		"on disk. An administrator's `allow` lines in ws.conf ([ws-file]) say where results may go.",
	.groups = groups,
	.options_size = sizeof(struct options),
	.args_min = 3,
	.args_max = 3,
	.run = run,
};
