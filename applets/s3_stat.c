/* ws-s3 stat, cat and presign. */
#include "applets/s3_stat.h"

#include <stdio.h>

#include "applets/s3_options.h"
#include "applets/s3_path.h"
#include "applets/s3_show.h"
#include "applets/s3_stdio.h"
#include "base/codec.h"

struct options {
	struct s3_config s3;
};

static const struct opt_row rows[] = {
	OPT_TEXT("version-id", 0, "ID", struct options, s3.version_id,
	         "this version of the object, not the present one"),
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	S3_OPTIONS_GROUP(offsetof(struct options, s3)),
	OPT_GROUPS_END,
};

/* Run `each` for every operand: one alone gives its own status, several give 1 when one failed. */
static int for_each(const struct applet_call *call, const struct s3_config *config,
                    int (*each)(const struct applet_call *, struct s3 *, const struct s3_path *,
                                struct err *),
                    struct err *e)
{
	S3_AUTO s3 = NULL;
	uint64_t failed = 0;
	struct s3_path path;
	if (config->version_id && call->arg_count > 1)
		return err_set(e, ERR_KIND_USAGE, "--version-id is for one object");
	for (size_t i = 0; i < call->arg_count; i++)
		if (s3_path_parse_s3(call->args[i], true, true, &path, e))
			return -1;
	if (s3_open(config, &s3, e))
		return -1;
	for (size_t i = 0; i < call->arg_count; i++) {
		struct err failure = ERR_INIT;
		if (s3_path_parse_s3(call->args[i], true, true, &path, &failure) ||
		    each(call, s3, &path, &failure)) {
			if (call->arg_count == 1) {
				*e = failure;
				return -1;
			}
			applet_item_failed(call, &failure, &failed);
		}
	}
	return applet_result(failed, call->arg_count, "objects", e);
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

static int stat_one(const struct applet_call *call, struct s3 *s3, const struct s3_path *path,
                    struct err *e)
{
	struct s3_object o;
	char time[S3_SHOW_TIME_MAX], size[24];
	BUF_AUTO out = buf_make(65536);
	if (s3_head(s3, path->bucket, path->key, &o, e))
		return -1;
	if (call->common->json) {
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
	return for_each(call, &o->s3, stat_one, e);
}

static int cat_one(const struct applet_call *call, struct s3 *s3, const struct s3_path *path,
                   struct err *e)
{
	struct sink out;
	(void)call;
	s3_stdio_sink(&out);
	return s3_get_stream(s3, path->bucket, path->key, &out, NULL, e);
}

static int run_cat(const struct applet_call *call, struct err *e)
{
	const struct options *o = call->options;
	return for_each(call, &o->s3, cat_one, e);
}

struct presign_options {
	struct s3_config s3;
	int64_t expires_ms;
	int method;
};

static const char *const methods[] = { "GET", "PUT", NULL };

static const struct opt_row presign_rows[] = {
	OPT_DURATION("expires", 0, "TIME", struct presign_options, expires_ms,
	             "how long the URL is good for (default 1h, at most 7d)"),
	OPT_CHOICE("method", 0, "METHOD", struct presign_options, method, methods,
	           "what the URL is good for: GET or PUT"),
};

static const struct opt_group presign_groups[] = {
	OPT_GROUP(NULL, presign_rows, 0),
	S3_OPTIONS_GROUP(offsetof(struct presign_options, s3)),
	OPT_GROUPS_END,
};

static void presign_defaults(void *options)
{
	struct presign_options *o = options;
	o->expires_ms = 3600000;
}

static int run_presign(const struct applet_call *call, struct err *e)
{
	const struct presign_options *o = call->options;
	S3_AUTO s3 = NULL;
	struct s3_path path;
	BUF_AUTO url = buf_make(1 << 20);
	uint64_t seconds = (uint64_t)o->expires_ms / 1000;
	if (s3_path_parse_s3(call->args[0], true, true, &path, e) || s3_open(&o->s3, &s3, e) ||
	    s3_presign(s3, methods[o->method], path.bucket, path.key, seconds, &url, e))
		return -1;
	if (call->common->json) {
		struct js *line = js_object();
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

const struct applet s3_stat_applet = {
	.name = "stat",
	.summary = "show what the server knows of objects",
	.synopsis = "[OPTIONS] s3://BUCKET/KEY…",
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
	.groups = groups,
	.options_size = sizeof(struct options),
	.args_min = 1,
	.args_max = SIZE_MAX,
	.run = run_cat,
};

const struct applet s3_stat_presign_applet = {
	.name = "presign",
	.summary = "make a URL that works without credentials",
	.synopsis = "[OPTIONS] s3://BUCKET/KEY",
	.details =
		"The URL is signed here; no request is made, and nothing says whether the object exists.",
	.groups = presign_groups,
	.options_size = sizeof(struct presign_options),
	.defaults = presign_defaults,
	.args_min = 1,
	.args_max = 1,
	.run = run_presign,
};
