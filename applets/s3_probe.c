/* ws-s3 probe. */
#include "applets/s3_probe.h"

#include "applets/s3_options.h"
#include "applets/s3_path.h"
#include "applets/s3_show.h"
#include "base/codec.h"

struct options {
	struct s3_config s3;
	bool dry_run;
};

static const struct opt_row rows[] = {
	OPT_FLAG("dry-run", 'n', struct options, dry_run, "say where it would be tried"),
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	S3_OPTIONS_GROUP(offsetof(struct options, s3)),
	OPT_GROUPS_END,
};

static const char *const answers[] = {
	[S3_ANSWER_UNKNOWN] = "unknown",
	[S3_ANSWER_NO] = "no",
	[S3_ANSWER_YES] = "yes",
};

static void show(const struct applet_call *call, const struct s3_finding *f)
{
	BUF_AUTO line = buf_make(4096);
	if (call->common->json) {
		struct js *o = js_object();
		js_set_text(o, "what", f->what);
		js_set_text(o, "answer", answers[f->answer]);
		js_set_text(o, "how", f->how);
		applet_json_line(o);
		return;
	}
	buf_printf(&line, "%-20s %-8s ", f->what, answers[f->answer]);
	codec_quote(str_of(f->how), &line);
	buf_add_char(&line, '\n');
	applet_print(&line);
}

/* By a client of its own, so that what it learns stays there. One try: a name that is not resolved will not be. */
static void ask_virtual_host(const struct options *o, struct str bucket, struct s3_finding *f)
{
	struct err why = ERR_INIT;
	S3_AUTO s3 = NULL;
	struct s3_config config = o->s3;
	config.style = S3_STYLE_VIRTUAL;
	config.max_attempts = 1;
	config.client = NULL;
	*f = (struct s3_finding){ .what = "virtual-host" };
	if (s3_open(&config, &s3, &why) == 0)
		s3_probe_virtual_host(s3, bucket, f);
	else
		codec_quoted(str_of(why.msg), f->how, sizeof(f->how));
}

static int run(const struct applet_call *call, struct err *e)
{
	const struct options *o = call->options;
	struct s3_finding found[S3_PROBE_MAX + 1];
	struct s3_path path;
	size_t count = 0;
	S3_AUTO s3 = NULL;
	if (s3_path_parse_s3(call->args[0], true, false, &path, e) || s3_open(&o->s3, &s3, e))
		return -1;
	if (o->dry_run) {
		const struct applet_action a = { "probe", path.text, NULL, UINT64_MAX, true };
		applet_show_action(call, &a);
		return 0;
	}
	if (s3_probe_all(s3, path.bucket, found, &count, e))
		return -1;
	ask_virtual_host(o, path.bucket, &found[count++]);
	for (size_t i = 0; i < count; i++)
		show(call, &found[i]);
	return 0;
}

const struct applet s3_probe_applet = {
	.name = "probe",
	.summary = "find out what a server can do",
	.synopsis = "[OPTIONS] s3://BUCKET",
	.details =
		"Tries each feature with an object of a random name, which is removed again, and says\n"
		"yes, no or unknown, and what was seen.",
	.groups = groups,
	.options_size = sizeof(struct options),
	.args_min = 1,
	.args_max = 1,
	.run = run,
};
