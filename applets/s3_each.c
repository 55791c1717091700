/* Operands, and what they match. */
#include "applets/s3_each.h"

#include "base/mem.h"

static int parse(const struct s3_each_options *o, const char *text, struct s3_path *out,
                 struct err *e)
{
	return s3_path_parse_s3(text, o->raw, !o->recursive, out, e);
}

int s3_each_check(const struct applet_call *call, const struct s3_each_options *o,
                  const struct s3_config *config, struct err *e)
{
	struct s3_path path;
	if (s3_filter_check(&o->filter, e))
		return -1;
	for (size_t i = 0; i < call->arg_count; i++) {
		if (parse(o, call->args[i], &path, e))
			return -1;
		if (config->version_id && (o->recursive || path.is_glob || call->arg_count > 1))
			return err_set(e, ERR_KIND_USAGE, "--version-id is for one object");
	}
	return 0;
}

static void do_listed(struct s3_each *w, struct str bucket, struct str key)
{
	struct err why = ERR_INIT;
	MEM_AUTO char *name =
		mem_printf("s3://%" STR_FMT "/%" STR_FMT, STR_ARG(bucket), STR_ARG(key));
	const struct s3_path object = { .text = name, .is_s3 = true, .bucket = bucket, .key = key };
	w->total++;
	if (w->listed(w, &object, &why))
		applet_item_failed(w->call, &why, &w->failed);
}

static int each_match(struct s3_each *w, const struct s3_path *path, struct err *e)
{
	S3_PATH_MATCH_AUTO match = { .list = NULL };
	struct s3_list_entry entry;
	uint64_t before = w->total;
	int got;
	if (s3_path_match_open(w->s3, path, &match, e))
		return -1;
	match.filter = &w->options->filter;
	while ((got = s3_path_match_next(&match, &entry, e)) > 0)
		do_listed(w, path->bucket, entry.key);
	if (w->after)
		w->after(w);
	if (got == 0 && w->total == before)
		return err_set(e, ERR_KIND_NOT_FOUND, "nothing matches %s", path->text);
	return got;
}

static int operand(struct s3_each *w, const char *text, struct err *e)
{
	struct s3_path path;
	if (parse(w->options, text, &path, e))
		return -1;
	if (w->options->recursive || path.is_glob)
		return each_match(w, &path, e);
	w->total++;
	return w->named(w, &path, e);
}

int s3_each_run(struct s3_each *w, struct err *e)
{
	for (size_t i = 0; i < w->call->arg_count; i++) {
		struct err why = ERR_INIT;
		if (operand(w, w->call->args[i], &why) == 0)
			continue;
		if (w->call->arg_count == 1 && w->failed == 0) {
			*e = why;
			return -1;
		}
		applet_item_failed(w->call, &why, &w->failed);
	}
	/* An operand that nothing matches fails without being an object. */
	return applet_result(w->failed, w->total > w->failed ? w->total : w->failed, "objects", e);
}
