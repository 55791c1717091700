/* ws-s3 du: objects and bytes below prefixes. */
#include "applets/s3_du.h"

#include "applets/s3_options.h"
#include "applets/s3_path.h"
#include "base/codec.h"
#include "base/num.h"

struct options {
	struct s3_config s3;
	struct s3_filter filter;
	bool human, raw;
};

static const struct opt_row rows[] = {
	OPT_FLAG("human", 'H', struct options, human, "sizes like 1.5 MiB"),
	OPT_FLAG("raw", 0, struct options, raw, "* ? [ are ordinary characters of keys"),
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	S3_FILTER_GROUP(offsetof(struct options, filter)),
	S3_OPTIONS_GROUP(offsetof(struct options, s3)),
	OPT_GROUPS_END,
};

struct sum {
	uint64_t objects, bytes;
};

static void show(const struct applet_call *call, const char *what, const struct sum *sum)
{
	const struct options *o = call->options;
	char size[NUM_TEXT_MAX];
	BUF_AUTO line = buf_make(65536);
	if (call->common->json) {
		struct js *js = js_object();
		js_set_path(js, "path", str_of(what));
		js_set_int(js, "objects", (int64_t)sum->objects);
		js_set_int(js, "size", (int64_t)sum->bytes);
		applet_json_line(js);
		return;
	}
	if (o->human)
		buf_printf(&line, "%12s", num_format_size(sum->bytes, size));
	else
		buf_printf(&line, "%12llu", (unsigned long long)sum->bytes);
	buf_printf(&line, " %8llu objects ", (unsigned long long)sum->objects);
	codec_quote(str_of(what), &line);
	buf_add_char(&line, '\n');
	applet_print(&line);
}

static int add_up(struct s3 *s3, const struct options *o, const struct s3_path *path,
                  struct sum *sum, struct err *e)
{
	S3_PATH_MATCH_AUTO match = { .list = NULL };
	struct s3_list_entry entry;
	int got;
	if (s3_path_match_open(s3, path, &match, e))
		return -1;
	match.filter = &o->filter;
	while ((got = s3_path_match_next(&match, &entry, e)) > 0) {
		sum->objects++;
		if (__builtin_add_overflow(sum->bytes, entry.size_bytes, &sum->bytes))
			return err_set(e, ERR_KIND_DATA, "%s: the sizes are too large to add",
			               path->text);
	}
	return got;
}

static int run(const struct applet_call *call, struct err *e)
{
	const struct options *o = call->options;
	struct s3_path path;
	S3_AUTO s3 = NULL;
	uint64_t failed = 0;
	if (s3_filter_check(&o->filter, e))
		return -1;
	for (size_t i = 0; i < call->arg_count; i++)
		if (s3_path_parse_s3(call->args[i], o->raw, false, &path, e))
			return -1;
	if (s3_open(&o->s3, &s3, e))
		return -1;
	for (size_t i = 0; i < call->arg_count; i++) {
		struct err why = ERR_INIT;
		struct sum sum = { 0, 0 };
		if (s3_path_parse_s3(call->args[i], o->raw, false, &path, &why) == 0 &&
		    add_up(s3, o, &path, &sum, &why) == 0) {
			show(call, call->args[i], &sum);
			continue;
		}
		if (call->arg_count == 1) {
			*e = why;
			return -1;
		}
		applet_item_failed(call, &why, &failed);
	}
	return applet_result(failed, call->arg_count, "prefixes", e);
}

const struct applet s3_du_applet = {
	.name = "du",
	.summary = "add up the sizes of objects",
	.synopsis = "[OPTIONS] s3://BUCKET[/PREFIX]…",
	.details = "Bytes and number of the objects below each PREFIX, or that match its * ? [ ].",
	.groups = groups,
	.options_size = sizeof(struct options),
	.args_min = 1,
	.args_max = SIZE_MAX,
	.run = run,
};
