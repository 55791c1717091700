/* ws-s3 mb and rb. */
#include "applets/s3_mb.h"

#include "applets/s3_options.h"
#include "applets/s3_path.h"
#include "applets/s3_show.h"

struct options {
	struct s3_config s3;
	bool dry_run;
};

static const struct opt_row rows[] = {
	OPT_FLAG("dry-run", 'n', struct options, dry_run, "say what would be done"),
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	S3_OPTIONS_GROUP(offsetof(struct options, s3)),
	OPT_GROUPS_END,
};

static int run(const struct applet_call *call, const char *verb,
               int (*act)(struct s3 *, struct str, struct err *), struct err *e)
{
	const struct options *o = call->options;
	S3_AUTO s3 = NULL;
	struct s3_path path;
	if (s3_path_parse_s3(call->args[0], true, false, &path, e))
		return -1;
	if (path.key.len > 0)
		return err_set(e, ERR_KIND_USAGE, "'%s' has a key; a bucket is s3://BUCKET",
		               path.text);
	if (s3_open(&o->s3, &s3, e) || (!o->dry_run && act(s3, path.bucket, e)))
		return -1;
	struct applet_action done = { .verb = verb, .from = path.text, .size_bytes = UINT64_MAX };
	done.dry_run = o->dry_run;
	applet_show_action(call, &done);
	return 0;
}

static int run_mb(const struct applet_call *call, struct err *e)
{
	return run(call, "make_bucket", s3_make_bucket, e);
}

static int run_rb(const struct applet_call *call, struct err *e)
{
	return run(call, "remove_bucket", s3_remove_bucket, e);
}

const struct applet s3_mb_applet = {
	.name = "mb",
	.summary = "make a bucket",
	.synopsis = "[OPTIONS] s3://BUCKET",
	.groups = groups,
	.options_size = sizeof(struct options),
	.args_min = 1,
	.args_max = 1,
	.run = run_mb,
};

const struct applet s3_mb_rb_applet = {
	.name = "rb",
	.summary = "remove an empty bucket",
	.synopsis = "[OPTIONS] s3://BUCKET",
	.groups = groups,
	.options_size = sizeof(struct options),
	.args_min = 1,
	.args_max = 1,
	.run = run_rb,
};
