/* ws-s3 ls: a listing is printed as it comes, page by page. */
#include "applets/s3_ls.h"

#include "applets/s3_filter.h"
#include "applets/s3_options.h"
#include "applets/s3_path.h"
#include "applets/s3_show.h"
#include "base/codec.h"
#include "base/mem.h"
#include "base/num.h"

struct options {
	struct s3_config s3;
	struct s3_filter filter;
	bool recursive, human, raw, versions;
};

static const struct opt_row rows[] = {
	OPT_FLAG("recursive", 'r', struct options, recursive,
	         "everything below, not one level of it"),
	OPT_FLAG("human", 'H', struct options, human, "sizes like 1.5 MiB"),
	OPT_FLAG("versions", 0, struct options, versions,
	         "all versions, with their ids; what was deleted is marked"),
	OPT_FLAG("raw", 0, struct options, raw, "* ? [ are ordinary characters of keys"),
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	S3_FILTER_GROUP(offsetof(struct options, filter)),
	S3_OPTIONS_GROUP(offsetof(struct options, s3)),
	OPT_GROUPS_END,
};

static int list_buckets(const struct applet_call *call, struct s3 *s3, struct err *e)
{
	struct s3_bucket *buckets = NULL;
	size_t count = 0;
	if (s3_list_buckets(s3, &buckets, &count, e))
		return -1;
	for (size_t i = 0; i < count; i++) {
		char time[S3_SHOW_TIME_MAX];
		BUF_AUTO line = buf_make(4096);
		if (call->common->json) {
			struct js *o = js_object();
			js_set_text(o, "bucket", buckets[i].name);
			s3_show_modified(o, buckets[i].created_ms);
			applet_json_line(o);
			continue;
		}
		buf_printf(&line, "%s ", s3_show_time(buckets[i].created_ms, time));
		codec_quote(str_of(buckets[i].name), &line);
		buf_add_char(&line, '\n');
		applet_print(&line);
	}
	mem_free(buckets);
	return 0;
}

static void show_json(const struct options *o, const struct s3_list_entry *entry)
{
	struct js *line = js_object();
	js_set_path(line, entry->is_prefix ? "prefix" : "key", entry->key);
	if (!entry->is_prefix) {
		js_set_int(line, "size", (int64_t)entry->size_bytes);
		s3_show_modified(line, entry->modified_ms);
		js_set_str(line, "etag", entry->etag);
		js_set_str(line, "storage_class", entry->storage_class);
	}
	if (o->versions && !entry->is_prefix) {
		js_set_str(line, "version_id", entry->version_id);
		js_set_bool(line, "latest", entry->is_latest);
		js_set_bool(line, "deleted", entry->is_marker);
	}
	applet_json_line(line);
}

static void show_row(const struct options *o, const struct s3_list_entry *entry, struct str name,
                     struct buf *line)
{
	char time[S3_SHOW_TIME_MAX], size[NUM_TEXT_MAX];
	buf_clear(line);
	if (entry->is_prefix) {
		buf_printf(line, "%-19s %12s ", "", "PRE");
	} else if (entry->is_marker) {
		buf_printf(line, "%s %12s ", s3_show_time(entry->modified_ms, time), "DELETED");
	} else if (o->human) {
		num_format_size(entry->size_bytes, size);
		buf_printf(line, "%s %12s ", s3_show_time(entry->modified_ms, time), size);
	} else {
		buf_printf(line, "%s %12llu ", s3_show_time(entry->modified_ms, time),
		           (unsigned long long)entry->size_bytes);
	}
	if (o->versions && !entry->is_prefix) {
		codec_quote(entry->version_id, line);
		buf_add_text(line, entry->is_latest ? " * " : "   ");
	}
	codec_quote(name, line);
	buf_add_char(line, '\n');
	applet_print(line);
}

/* What the shown name leaves out of a key: one level shows names, everything shows whole keys. */
static size_t hidden_len(const struct options *o, const struct s3_path *path)
{
	struct str before;
	if (o->recursive || path->is_glob || !str_cut_last(path->key, '/', &before, NULL))
		return 0;
	return before.len + 1;
}

static int next(struct s3_list *list, const struct options *o, const struct s3_path *path,
                struct s3_list_entry *entry, struct err *e)
{
	int got;
	do
		got = s3_list_next(list, entry, e);
	while (got > 0 && !s3_path_takes(path, &o->filter, entry->key));
	return got;
}

static int list_objects(const struct applet_call *call, struct s3 *s3, const struct s3_path *path,
                        struct err *e)
{
	const struct options *o = call->options;
	struct s3_list_entry entry;
	S3_LIST_AUTO list = NULL;
	BUF_AUTO line = buf_make(65536);
	bool flat = o->recursive || path->is_glob;
	struct str prefix = s3_path_prefix(path);
	uint64_t count = 0;
	int got;
	struct str delimiter = flat ? S("") : S("/");
	if (o->versions ? s3_list_versions(s3, path->bucket, prefix, delimiter, &list, e)
	                : s3_list_open(s3, path->bucket, prefix, delimiter, &list, e))
		return -1;
	while ((got = next(list, o, path, &entry, e)) > 0) {
		count++;
		if (call->common->json)
			show_json(o, &entry);
		else
			show_row(o, &entry, str_skip(entry.key, hidden_len(o, path)), &line);
	}
	if (got == 0 && count == 0 && path->key.len > 0)
		return err_set(e, ERR_KIND_NOT_FOUND, "nothing matches %s", path->text);
	return got;
}

static int run(const struct applet_call *call, struct err *e)
{
	const struct options *o = call->options;
	S3_AUTO s3 = NULL;
	struct s3_path path = { .text = NULL };
	bool buckets = call->arg_count == 0;
	if (s3_filter_check(&o->filter, e))
		return -1;
	if (!buckets && s3_path_parse_s3(call->args[0], o->raw, false, &path, e))
		return -1;
	if (s3_open(&o->s3, &s3, e))
		return -1;
	return buckets ? list_buckets(call, s3, e) : list_objects(call, s3, &path, e);
}

const struct applet s3_ls_applet = {
	.name = "ls",
	.summary = "list buckets or objects",
	.synopsis = "[OPTIONS] [s3://BUCKET[/PREFIX]]",
	.details =
		"Lists buckets, or one level of the keys that start with PREFIX, or with * ? [ ] in it\n"
		"the keys that match. Times are UTC. Nothing found is status 66. With --versions the id of\n"
		"each version comes before its name, with a star behind that of the present one.",
	.groups = groups,
	.options_size = sizeof(struct options),
	.args_max = 1,
	.run = run,
};
