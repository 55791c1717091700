/* ws-file cat: files of a workspace on standard output. */
#include "applets/file_verbs.h"

enum { MAX_SIZE_DEFAULT = 1000 * 1000 };

struct options {
	struct ws_options where;
	uint64_t max_size_bytes;
};

static const struct opt_row rows[] = {
	OPT_SIZE("max-size", 'M', "SIZE", struct options, max_size_bytes,
	         "refuse a file that is larger, before it is read (default 1MB)"),
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	WS_OPTIONS_GROUP(offsetof(struct options, where)),
	OPT_GROUPS_END,
};

static void defaults(void *options)
{
	((struct options *)options)->max_size_bytes = MAX_SIZE_DEFAULT;
}

static int cat(const struct file_target *t, const char *operand, uint64_t max_bytes, struct err *e)
{
	FD_AUTO fd = -1;
	char found[DIR_NAME_MAX + 1];
	const char *path;
	struct file_stat st;
	struct inside_copied copied;
	if (file_target_path(t, operand, found, &path, e) != 0 ||
	    inside_read(&t->in, path, max_bytes, &fd, &st, e) != 0)
		return -1;
	return inside_copy(fd, 1, max_bytes, NULL, &copied, e, path);
}

static int run(const struct applet_call *call, struct err *e)
{
	const struct options *o = call->options;
	FILE_TARGET_AUTO target = { .in.fd = -1 };
	if (file_target_open(call, &o->where, &target, e) != 0)
		return -1;
	for (size_t i = 1; i < call->arg_count; i++) {
		if (cat(&target, call->args[i], o->max_size_bytes, e) != 0)
			return -1;
	}
	return 0;
}

const struct applet file_cat_applet = {
	.name = "cat",
	.summary = "write files of a workspace to standard output",
	.synopsis = "[OPTIONS] ID PATH…",
	.details = "Regular files only: a link, a pipe or a device in place of one is refused.",
	.groups = groups,
	.options_size = sizeof(struct options),
	.defaults = defaults,
	.args_min = 2,
	.args_max = SIZE_MAX,
	.run = run,
	.prints_content = applet_prints_content,
};
