/* ws-s3 uploads: list and abort. */
#include "applets/s3_uploads.h"

#include "applets/s3_options.h"
#include "applets/s3_path.h"
#include "applets/s3_show.h"
#include "base/codec.h"
#include "base/datetime.h"
#include "base/mem.h"
#include "os/sys.h"

struct options {
	struct s3_config s3;
	struct s3_filter filter;
	int64_t older_ms;
	bool abort, dry_run, raw;
};

static const struct opt_row rows[] = {
	OPT_DURATION("older", 0, "TIME", struct options, older_ms,
	             "only those that were begun so long ago (with --abort default 24h)"),
	OPT_FLAG("abort", 0, struct options, abort, "abort them, and free what they hold"),
	OPT_FLAG("dry-run", 'n', struct options, dry_run, "say what would be aborted"),
	OPT_FLAG("raw", 0, struct options, raw, "* ? [ are ordinary characters of keys"),
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	S3_FILTER_GROUP(offsetof(struct options, filter)),
	S3_OPTIONS_GROUP(offsetof(struct options, s3)),
	OPT_GROUPS_END,
};

enum { ABORT_AGE_MS = 24 * 3600 * 1000 };

static void defaults(void *options)
{
	struct options *o = options;
	o->older_ms = -1;
}

struct work {
	const struct applet_call *call;
	struct s3 *s3;
	const struct s3_path *path;
	uint64_t total, failed;
};

static void show(const struct work *w, const struct s3_upload *u)
{
	char time[S3_SHOW_TIME_MAX], iso[DATETIME_TEXT_MAX];
	BUF_AUTO line = buf_make(65536);
	if (w->call->common->json) {
		struct js *o = js_object();
		js_set_path(o, "key", u->key);
		js_set_str(o, "upload_id", u->id);
		js_set_text(o, "begun", datetime_iso_ms(u->begun_ms, iso));
		applet_json_line(o);
		return;
	}
	buf_printf(&line, "%s ", s3_show_time(u->begun_ms, time));
	codec_quote(u->key, &line);
	buf_add_char(&line, ' ');
	codec_quote(u->id, &line);
	buf_add_char(&line, '\n');
	applet_print(&line);
}

static void abort_one(struct work *w, const struct s3_upload *u)
{
	const struct options *o = w->call->options;
	struct err why = ERR_INIT;
	if (!o->dry_run && s3_uploads_abort(w->s3, w->path->bucket, u->key, u->id, &why)) {
		applet_item_failed(w->call, &why, &w->failed);
		return;
	}
	MEM_AUTO char *name = mem_printf("s3://%" STR_FMT "/%" STR_FMT " %" STR_FMT,
	                                 STR_ARG(w->path->bucket), STR_ARG(u->key), STR_ARG(u->id));
	struct applet_action a = { .verb = "abort", .from = name, .size_bytes = UINT64_MAX };
	a.dry_run = o->dry_run;
	applet_show_action(w->call, &a);
}

static int each(struct work *w, struct err *e)
{
	const struct options *o = w->call->options;
	S3_UPLOADS_AUTO uploads = NULL;
	struct s3_upload u;
	int64_t age_ms = o->older_ms < 0 ? (o->abort ? ABORT_AGE_MS : 0) : o->older_ms;
	int got;
	if (s3_uploads_open(w->s3, w->path->bucket, s3_path_prefix(w->path), &uploads, e))
		return -1;
	while ((got = s3_uploads_next(uploads, &u, e)) > 0) {
		if ((age_ms > 0 && sys_now_ms() - u.begun_ms < age_ms) ||
		    !s3_path_takes(w->path, &o->filter, u.key))
			continue;
		w->total++;
		if (o->abort)
			abort_one(w, &u);
		else
			show(w, &u);
	}
	return got < 0 ? -1 : applet_result(w->failed, w->total, "uploads", e);
}

static int run(const struct applet_call *call, struct err *e)
{
	const struct options *o = call->options;
	S3_AUTO s3 = NULL;
	struct s3_path path;
	if (s3_filter_check(&o->filter, e) ||
	    s3_path_parse_s3(call->args[0], o->raw, false, &path, e) || s3_open(&o->s3, &s3, e))
		return -1;
	struct work w = { .call = call, .s3 = s3, .path = &path };
	return each(&w, e);
}

const struct applet s3_uploads_applet = {
	.name = "uploads",
	.summary = "list or abort unfinished uploads",
	.synopsis = "[OPTIONS] s3://BUCKET[/PREFIX]",
	.details =
		"Multipart uploads that were begun and neither completed nor aborted, of keys that start with\n"
		"PREFIX, or match its * ? [ ]; their parts are stored, and paid for, until somebody aborts them.",
	.groups = groups,
	.options_size = sizeof(struct options),
	.defaults = defaults,
	.args_min = 1,
	.args_max = 1,
	.run = run,
};
