/* ws-s3 stat, cat and presign. */
#include "applets/s3_stat.h"

#include <stdio.h>

#include "applets/s3_each.h"
#include "applets/s3_options.h"
#include "applets/s3_show.h"
#include "applets/s3_stdio.h"
#include "base/codec.h"

struct options {
	struct s3_config s3;
	struct s3_each_options each;
};

static const struct opt_row rows[] = {
	OPT_FLAG("recursive", 'r', struct options, each.recursive, "everything below"),
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

/* `one` for every object, named or listed. */
static int for_each(const struct applet_call *call, const struct s3_config *config,
                    const struct s3_each_options *options,
                    int (*one)(struct s3_each *, const struct s3_path *, struct err *),
                    struct err *e)
{
	S3_AUTO s3 = NULL;
	if (s3_each_check(call, options, config, e) || s3_open(config, &s3, e))
		return -1;
	struct s3_each w = { .call = call, .options = options, .s3 = s3 };
	w.named = w.listed = one;
	return s3_each_run(&w, e);
}

static void stat_json(const struct s3_path *path, const struct s3_object *o)
{
	struct js *line = js_object();
	js_set_str(line, "bucket", path->bucket);
	js_set_path(line, "key", path->key);
	js_set_int(line, "size", (int64_t)o->size_bytes);
	s3_show_modified(line, o->modified_ms);
	js_set_text(line, "etag", o->etag);
	js_set_text(line, "storage_class", o->storage_class);
	js_set_text(line, "content_type", o->content_type);
	if (o->version_id[0])
		js_set_text(line, "version_id", o->version_id);
	if (o->save_id[0])
		js_set_text(line, "save_id", o->save_id);
	applet_json_line(line);
}

static void stat_line(struct buf *out, const char *name, const char *value)
{
	if (value[0] == '\0')
		return;
	buf_printf(out, "%-14s ", name);
	codec_quote(str_of(value), out);
	buf_add_char(out, '\n');
}

static int stat_one(struct s3_each *w, const struct s3_path *path, struct err *e)
{
	struct s3_object o;
	char time[S3_SHOW_TIME_MAX], size[24];
	BUF_AUTO out = buf_make(65536);
	if (s3_head(w->s3, path->bucket, path->key, &o, e))
		return -1;
	if (w->call->common->json) {
		stat_json(path, &o);
		return 0;
	}
	snprintf(size, sizeof(size), "%llu", (unsigned long long)o.size_bytes);
	stat_line(&out, "Object:", path->text);
	stat_line(&out, "Size:", size);
	stat_line(&out, "Modified:", s3_show_time(o.modified_ms, time));
	stat_line(&out, "ETag:", o.etag);
	stat_line(&out, "Content type:", o.content_type);
	stat_line(&out, "Storage class:", o.storage_class);
	stat_line(&out, "Version:", o.version_id);
	stat_line(&out, "Save id:", o.save_id);
	applet_print(&out);
	return 0;
}

static int run_stat(const struct applet_call *call, struct err *e)
{
	const struct options *o = call->options;
	return for_each(call, &o->s3, &o->each, stat_one, e);
}

static int cat_one(struct s3_each *w, const struct s3_path *path, struct err *e)
{
	struct sink out;
	s3_stdio_sink(&out);
	return s3_get_stream(w->s3, path->bucket, path->key, &out, NULL, e);
}

static int run_cat(const struct applet_call *call, struct err *e)
{
	const struct options *o = call->options;
	return for_each(call, &o->s3, &o->each, cat_one, e);
}

struct presign_options {
	struct s3_config s3;
	struct s3_each_options each;
	int64_t expires_ms;
	int method;
};

static const char *const methods[] = { "GET", "PUT", NULL };

static const struct opt_row presign_rows[] = {
	OPT_DURATION("expires", 0, "TIME", struct presign_options, expires_ms,
	             "how long the URL is good for (default 1h, at most 7d)"),
	OPT_CHOICE("method", 0, "METHOD", struct presign_options, method, methods,
	           "what the URL is good for: GET or PUT"),
	OPT_FLAG("recursive", 'r', struct presign_options, each.recursive, "everything below"),
	OPT_TEXT("version-id", 0, "ID", struct presign_options, s3.version_id,
	         "this version of the object, not the present one"),
	OPT_FLAG("raw", 0, struct presign_options, each.raw,
	         "* ? [ are ordinary characters of keys"),
};

static const struct opt_group presign_groups[] = {
	OPT_GROUP(NULL, presign_rows, 0),
	S3_FILTER_GROUP(offsetof(struct presign_options, each.filter)),
	S3_OPTIONS_GROUP(offsetof(struct presign_options, s3)),
	OPT_GROUPS_END,
};

static void presign_defaults(void *options)
{
	struct presign_options *o = options;
	o->expires_ms = 3600000;
}

static int presign_one(struct s3_each *w, const struct s3_path *path, struct err *e)
{
	const struct presign_options *o = w->call->options;
	BUF_AUTO url = buf_make(1 << 20);
	uint64_t seconds = (uint64_t)o->expires_ms / 1000;
	if (s3_presign(w->s3, methods[o->method], path->bucket, path->key, seconds, &url, e))
		return -1;
	if (w->call->common->json) {
		struct js *line = js_object();
		js_set_str(line, "bucket", path->bucket);
		js_set_path(line, "key", path->key);
		js_set_str(line, "url", buf_str(&url));
		js_set_text(line, "method", methods[o->method]);
		js_set_int(line, "expires_s", (int64_t)seconds);
		applet_json_line(line);
		return 0;
	}
	buf_add_char(&url, '\n');
	applet_print(&url);
	return 0;
}

static int run_presign(const struct applet_call *call, struct err *e)
{
	const struct presign_options *o = call->options;
	return for_each(call, &o->s3, &o->each, presign_one, e);
}

const struct applet s3_stat_applet = {
	.name = "stat",
	.summary = "show what the server knows of objects",
	.synopsis = "[OPTIONS] s3://BUCKET/KEY…",
	.details = "A key with * ? [ in it stands for all that match.",
	.groups = groups,
	.options_size = sizeof(struct options),
	.args_min = 1,
	.args_max = SIZE_MAX,
	.run = run_stat,
};

const struct applet s3_stat_cat_applet = {
	.name = "cat",
	.summary = "write objects to standard output",
	.synopsis = "[OPTIONS] s3://BUCKET/KEY…",
	.details = "A key with * ? [ in it stands for all that match, one after the other by name.",
	.groups = groups,
	.options_size = sizeof(struct options),
	.args_min = 1,
	.args_max = SIZE_MAX,
	.run = run_cat,
	.prints_content = applet_prints_content,
};

const struct applet s3_stat_presign_applet = {
	.name = "presign",
	.summary = "make a URL that works without credentials",
	.synopsis = "[OPTIONS] s3://BUCKET/KEY…",
	.details =
		"The URL is signed here; no request is made, and nothing says whether the object exists. Only\n"
		"for a key with * ? [ in it, or with --recursive, the server is asked what there is.",
	.groups = presign_groups,
	.options_size = sizeof(struct presign_options),
	.defaults = presign_defaults,
	.args_min = 1,
	.args_max = SIZE_MAX,
	.run = run_presign,
};
