/* ws-s3 rm: one object, those that match, or everything below. */
#include "applets/s3_rm.h"

#include "applets/s3_batch.h"
#include "applets/s3_filter.h"
#include "applets/s3_options.h"
#include "applets/s3_path.h"

struct options {
	struct s3_config s3;
	struct s3_filter filter;
	bool recursive, dry_run, raw;
};

static const struct opt_row rows[] = {
	OPT_FLAG("recursive", 'r', struct options, recursive, "everything below"),
	OPT_FLAG("dry-run", 'n', struct options, dry_run, "say what would be deleted"),
	OPT_TEXT("version-id", 0, "ID", struct options, s3.version_id,
	         "this version of the object, not the present one"),
	OPT_FLAG("raw", 0, struct options, raw, "* ? [ are ordinary characters of keys"),
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	S3_FILTER_GROUP(offsetof(struct options, filter)),
	S3_OPTIONS_GROUP(offsetof(struct options, s3)),
	OPT_GROUPS_END,
};

struct removal {
	const struct applet_call *call;
	struct s3 *s3;
	struct s3_batch *batch;
	struct s3_batch_counts counts;
};

static int remove_matches(struct removal *r, const struct s3_path *path, struct err *e)
{
	const struct options *o = r->call->options;
	S3_PATH_MATCH_AUTO match = { .list = NULL };
	struct s3_list_entry entry;
	uint64_t before = r->counts.total;
	int got;
	if (s3_path_match_open(r->s3, path, &match, e))
		return -1;
	match.filter = &o->filter;
	while ((got = s3_path_match_next(&match, &entry, e)) > 0)
		s3_batch_add(r->batch, path->bucket, entry.key, o->dry_run);
	s3_batch_wait(r->batch);
	if (got == 0 && r->counts.total == before)
		return err_set(e, ERR_KIND_NOT_FOUND, "nothing matches %s", path->text);
	return got;
}

static int remove_one(struct removal *r, const struct s3_path *path, struct err *e)
{
	const struct options *o = r->call->options;
	r->counts.total++;
	if (!o->dry_run && s3_delete(r->s3, path->bucket, path->key, e))
		return -1;
	s3_batch_show(r->call, path->bucket, path->key, o->dry_run);
	return 0;
}

static int remove_operand(struct removal *r, const char *text, struct err *e)
{
	const struct options *o = r->call->options;
	struct s3_path path;
	if (s3_path_parse_s3(text, o->raw, !o->recursive, &path, e))
		return -1;
	return o->recursive || path.is_glob ? remove_matches(r, &path, e) : remove_one(r, &path, e);
}

static int remove_all(struct removal *r, struct err *e)
{
	const struct applet_call *call = r->call;
	struct s3_batch_counts *c = &r->counts;
	for (size_t i = 0; i < call->arg_count; i++) {
		struct err why = ERR_INIT;
		if (remove_operand(r, call->args[i], &why) == 0)
			continue;
		if (call->arg_count == 1 && c->failed == 0) {
			*e = why;
			return -1;
		}
		applet_item_failed(call, &why, &c->failed);
	}
	return applet_result(c->failed, c->total > c->failed ? c->total : c->failed, "objects", e);
}

static int check_operands(const struct applet_call *call, struct err *e)
{
	const struct options *o = call->options;
	struct s3_path path;
	if (s3_filter_check(&o->filter, e))
		return -1;
	for (size_t i = 0; i < call->arg_count; i++) {
		if (s3_path_parse_s3(call->args[i], o->raw, !o->recursive, &path, e))
			return -1;
		if (o->s3.version_id && (o->recursive || path.is_glob || call->arg_count > 1))
			return err_set(e, ERR_KIND_USAGE, "--version-id is for one object");
	}
	return 0;
}

static int run(const struct applet_call *call, struct err *e)
{
	const struct options *o = call->options;
	S3_AUTO s3 = NULL;
	struct removal r = { .call = call };
	if (check_operands(call, e) || s3_open(&o->s3, &s3, e) ||
	    s3_batch_open(call, s3, &r.counts, &r.batch, e))
		return -1;
	r.s3 = s3;
	struct meter *meter = applet_progress(call, &r.counts.progress, "delete");
	int result = remove_all(&r, e);
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
