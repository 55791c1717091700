/* ws-s3 rm: one object, those that match, or everything below. */
#include "applets/s3_rm.h"

#include "applets/s3_batch.h"
#include "applets/s3_each.h"
#include "applets/s3_options.h"

struct options {
	struct s3_config s3;
	struct s3_each_options each;
	bool dry_run;
};

static const struct opt_row rows[] = {
	OPT_FLAG("recursive", 'r', struct options, each.recursive, "everything below"),
	OPT_FLAG("dry-run", 'n', struct options, dry_run, "say what would be deleted"),
	OPT_TEXT("version-id", 0, "ID", struct options, s3.version_id,
	         "this version of the object, not the present one"),
	OPT_FLAG("raw", 0, struct options, each.raw, "* ? [ are ordinary characters of keys"),
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	S3_FILTER_GROUP(offsetof(struct options, each.filter)),
	S3_OPTIONS_GROUP(offsetof(struct options, s3)),
	OPT_GROUPS_END,
};

struct removal {
	struct s3_each each; /* first, so that callbacks find the rest */
	struct s3_batch *batch;
	struct s3_batch_counts counts;
};

static int remove_named(struct s3_each *w, const struct s3_path *object, struct err *e)
{
	const struct options *o = w->call->options;
	if (!o->dry_run && s3_delete(w->s3, object->bucket, object->key, e))
		return -1;
	s3_batch_show(w->call, object->bucket, object->key, o->dry_run);
	return 0;
}

static int remove_listed(struct s3_each *w, const struct s3_path *object, struct err *e)
{
	const struct options *o = w->call->options;
	(void)e;
	s3_batch_add(((struct removal *)w)->batch, object->bucket, object->key, o->dry_run);
	return 0;
}

/* What a batch could not delete was named then. */
static void wait_for_batch(struct s3_each *w)
{
	struct removal *r = (struct removal *)w;
	s3_batch_wait(r->batch);
	w->failed += r->counts.failed;
	r->counts.failed = 0;
}

static int run(const struct applet_call *call, struct err *e)
{
	const struct options *o = call->options;
	S3_AUTO s3 = NULL;
	struct removal r = { .each = { .call = call, .options = &o->each } };
	if (s3_each_check(call, &o->each, &o->s3, e) || s3_open(&o->s3, &s3, e) ||
	    s3_batch_open(call, s3, &r.counts, &r.batch, e))
		return -1;
	r.each.s3 = s3;
	r.each.named = remove_named;
	r.each.listed = remove_listed;
	r.each.after = wait_for_batch;
	struct meter *meter = applet_progress(call, &r.counts.progress, "delete");
	int result = s3_each_run(&r.each, e);
	applet_progress_end(meter);
	s3_batch_close(r.batch);
	return result;
}

const struct applet s3_rm_applet = {
	.name = "rm",
	.summary = "delete objects",
	.synopsis = "[OPTIONS] s3://BUCKET/KEY…",
	.details =
		"A key with * ? [ in it deletes what matches. That a key is not there is no error.",
	.groups = groups,
	.options_size = sizeof(struct options),
	.args_min = 1,
	.args_max = SIZE_MAX,
	.run = run,
};
