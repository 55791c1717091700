/* ws-s3 cp, put and get: which operands go together, and single objects. */
#include "applets/s3_cp.h"

#include <string.h>

#include "applets/s3_headers.h"
#include "applets/s3_options.h"
#include "applets/s3_show.h"
#include "applets/s3_stdio.h"
#include "applets/s3_stop.h"
#include "base/codec.h"
#include "base/io.h"
#include "base/mem.h"
#include "os/dir.h"
#include "os/file.h"

static const struct opt_row rows[] = {
	OPT_FLAG("recursive", 'r', struct s3_cp_options, recursive,
	         "a whole directory, or everything below a key"),
	OPT_FLAG("dry-run", 'n', struct s3_cp_options, dry_run, "say what would be copied"),
	OPT_TEXT("version-id", 0, "ID", struct s3_cp_options, s3.version_id,
	         "this version of the object, not the present one"),
	OPT_FLAG("resume", 0, struct s3_cp_options, resume,
	         "go on with large objects where an earlier run was cut off"),
	OPT_FLAG("if-none-match", 0, struct s3_cp_options, if_none_match,
	         "upload only where there is no object; a server that would not look is refused"),
	OPT_TEXT("if-match", 0, "ETAG", struct s3_cp_options, if_match,
	         "upload only in the place of the object with this ETag; as above"),
	OPT_FLAG("raw", 0, struct s3_cp_options, raw, "* ? [ are ordinary characters of keys"),
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	S3_FILTER_GROUP(offsetof(struct s3_cp_options, filter)),
	S3_HEADERS_GROUP(offsetof(struct s3_cp_options, headers)),
	S3_OPTIONS_GROUP(offsetof(struct s3_cp_options, s3)),
	OPT_GROUPS_END,
};

static struct str last_component(struct str path)
{
	struct str last;
	while (path.len > 1 && str_ends(path, S("/")))
		path.len--;
	str_cut_last(path, '/', NULL, &last);
	return last;
}

static void set_target(struct s3_cp *c, struct s3_job *j, struct str name)
{
	bool below = s3_cp_is_directory(&c->to);
	if (c->to.is_s3) {
		j->bucket = c->to.bucket;
		buf_add_str(&j->key, c->to.key);
		buf_add_str(&j->key, below ? name : S(""));
		buf_printf(&j->to, "s3://%" STR_FMT "/", STR_ARG(j->bucket));
		buf_add_str(&j->to, buf_str(&j->key));
		return;
	}
	buf_add_text(&j->path, c->to.text);
	if (below && !str_ends(buf_str(&j->path), S("/")))
		buf_add_char(&j->path, '/');
	buf_add_str(&j->path, below ? name : S(""));
	buf_add_str(&j->to, buf_str(&j->path));
}

static int one_file(struct s3_cp *c, const struct s3_path *from, struct err *e)
{
	struct file_stat stat;
	FD_AUTO fd = -1;
	if (dir_open_user_file(from->text, true, &fd, e) || file_stat(fd, &stat, e, from->text))
		return -1;
	if (file_is_dir(&stat))
		return err_set(e, ERR_KIND_USAGE, "%s is a directory; --recursive copies it",
		               from->text);
	struct s3_job *j = s3_job_next(&c->queue);
	j->kind = S3_JOB_UPLOAD;
	j->size_bytes = stat.size_bytes;
	buf_add_text(&j->path, from->text);
	buf_add_text(&j->from, from->text);
	set_target(c, j, last_component(str_of(from->text)));
	s3_job_start(&c->queue, j);
	return 0;
}

/* Of one object a dry run, too, finds out whether it is there. */
static int look_up(const struct s3_cp *c, const struct s3_path *from, uint64_t *size_bytes,
                   struct err *e)
{
	struct s3_object object = { .size_bytes = 0 };
	if (c->queue.dry_run && s3_head(c->queue.s3, from->bucket, from->key, &object, e))
		return -1;
	*size_bytes = object.size_bytes;
	return 0;
}

static int one_object(struct s3_cp *c, const struct s3_path *from, struct err *e)
{
	struct str name = last_component(from->key);
	bool below = s3_cp_is_directory(&c->to);
	if (from->key.len == 0)
		return err_set(e, ERR_KIND_USAGE,
		               "%s is a bucket; --recursive copies what is in it", from->text);
	if (below && !c->to.is_s3 && !s3_job_run_is_safe(name))
		return err_set(e, ERR_KIND_USAGE,
		               "%s: its name cannot be that of a file; name the target",
		               from->text);
	uint64_t size_bytes;
	if (look_up(c, from, &size_bytes, e))
		return -1;
	struct s3_job *j = s3_job_next(&c->queue);
	j->size_bytes = size_bytes;
	j->kind = c->to.is_s3 ? S3_JOB_COPY : S3_JOB_DOWNLOAD;
	j->from_bucket = j->bucket = from->bucket;
	buf_add_str(c->to.is_s3 ? &j->from_key : &j->key, from->key);
	buf_add_text(&j->from, from->text);
	set_target(c, j, name);
	s3_job_start(&c->queue, j);
	return 0;
}

static int one_source(struct s3_cp *c, const char *text, struct err *e)
{
	struct s3_path from;
	const struct s3_cp_options *o = c->options;
	if (s3_path_parse(text, o->raw, &from, e))
		return -1;
	if (!from.is_s3)
		return o->recursive ? s3_cp_many_files(&c->queue, text, &c->to, e)
		                    : one_file(c, &from, e);
	return o->recursive || from.is_glob ? s3_cp_many_objects(&c->queue, &from, &c->to, e)
	                                    : one_object(c, &from, e);
}

static int upload_stdin(struct s3_cp *c, uint64_t *total, struct err *e)
{
	struct s3_job_queue *q = &c->queue;
	SINK_AUTO sink = NULL;
	return s3_sink(q->s3, c->to.bucket, c->to.key, q->put, &q->progress, &sink, e) ||
	                       s3_stdio_pour(c->stopper, sink, total, e) ||
	                       sink->finish(sink, NULL, e)
	               ? -1
	               : 0;
}

static int from_stdin(struct s3_cp *c, struct err *e)
{
	uint64_t total = UINT64_MAX;
	if (!c->queue.dry_run && upload_stdin(c, &total, e))
		return -1;
	struct applet_action a = { .verb = "upload", .from = "-", .to = c->to.text };
	a.size_bytes = total;
	a.dry_run = c->queue.dry_run;
	applet_show_action(c->queue.call, &a);
	return 0;
}

static int to_stdout(struct s3_cp *c, const struct s3_path *from, struct err *e)
{
	struct sink out;
	if (c->queue.dry_run) {
		struct applet_action a = { .verb = "download", .from = from->text, .to = "-" };
		a.dry_run = true;
		if (look_up(c, from, &a.size_bytes, e))
			return -1;
		applet_show_action(c->queue.call, &a);
		return 0;
	}
	s3_stdio_sink(&out);
	return s3_get_stream(c->queue.s3, from->bucket, from->key, &out, &c->queue.progress, e);
}

static int each_source(struct s3_cp *c, struct err *e)
{
	struct s3_path first;
	if (s3_path_parse(c->sources[0], c->options->raw, &first, e))
		return -1;
	if (first.is_stdio)
		return from_stdin(c, e);
	for (size_t i = 0; i < c->source_count && !s3_stopped(c->queue.s3); i++) {
		struct err why = ERR_INIT;
		struct s3_path from;
		int result = s3_path_parse(c->sources[i], c->options->raw, &from, &why);
		if (result == 0)
			result = c->to.is_stdio ? to_stdout(c, &from, &why)
			                        : one_source(c, c->sources[i], &why);
		if (result == 0)
			continue;
		if (c->source_count == 1) {
			*e = why;
			return -1;
		}
		c->queue.total++;
		s3_job_failed(&c->queue, &why);
	}
	return 0;
}

/* A target that ends in '/' is made when it is missing. */
static int make_target(const struct s3_cp *c, struct err *e)
{
	FD_AUTO fd = -1;
	bool wanted = !c->to.is_s3 && !c->options->dry_run && str_ends(str_of(c->to.text), S("/"));
	return wanted ? dir_make_root(c->to.text, &fd, e) : 0;
}

static int copy_all(struct s3_cp *c, const char *label, struct err *e)
{
	struct s3_job_queue *q = &c->queue;
	struct s3_path first;
	S3_AUTO s3 = NULL;
	if (s3_path_parse(c->sources[0], c->options->raw, &first, e) || s3_cp_check(c, e) ||
	    s3_open(&c->options->s3, &s3, e) || make_target(c, e))
		return -1;
	q->s3 = s3;
	q->single = c->source_count == 1 && !c->options->recursive && !first.is_glob;
	/* What goes to standard output leaves nothing that would have to be taken back: a signal ends it, whoever reads. */
	if (!c->to.is_stdio && s3_stop_begin(&c->options->s3, s3, &c->stopper, e))
		return -1;
	if (s3_job_queue_open(q, e))
		return s3_stop_end(c->stopper, -1, e);
	struct meter *meter = applet_progress(q->call, &q->progress, label);
	struct err why = ERR_INIT;
	int result = each_source(c, &why);
	int closed = s3_job_queue_close(q, e);
	applet_progress_end(meter);
	/* What stopped it is more than what failed on the way. */
	if (result)
		*e = why;
	return s3_stop_end(c->stopper, result || closed ? -1 : 0, e);
}

static bool call_moves(const struct applet_call *call)
{
	return str_ends(str_of(call->name), S(" mv"));
}

static int run_with(const struct applet_call *call, const char *const *sources, size_t count,
                    const char *to, struct err *e)
{
	const struct s3_cp_options *o = call->options;
	struct s3_cp *c = mem_new(1, sizeof(*c));
	c->options = o;
	c->sources = sources;
	c->source_count = count;
	c->queue.call = call;
	c->queue.dry_run = o->dry_run;
	c->queue.resume = o->resume;
	c->queue.move = call_moves(call);
	c->queue.filter = &o->filter;
	int result = s3_path_parse(to, true, &c->to, e);
	if (result == 0)
		result = s3_headers_make(&o->headers, &c->headers, &c->put, e);
	c->put.if_match = o->if_match;
	c->put.if_none_match = o->if_none_match;
	/* A copy in the store keeps what the object has, unless told otherwise. */
	bool plain_copy = c->to.is_s3 && str_starts(str_of(sources[0]), S("s3://")) &&
	                  !s3_headers_any(&c->headers, &c->put);
	c->queue.put = plain_copy ? NULL : &c->put;
	if (result == 0)
		result = copy_all(c, call->name, e);
	s3_headers_free(&c->headers);
	mem_free(c);
	return result;
}

static bool prints_content(const struct applet_call *call)
{
	return call->arg_count > 0 && strcmp(call->args[call->arg_count - 1], "-") == 0;
}

static int run_cp(const struct applet_call *call, struct err *e)
{
	size_t last = call->arg_count - 1;
	return run_with(call, call->args, last, call->args[last], e);
}

static int require(const struct applet_call *call, size_t first, size_t count, bool s3,
                   struct err *e)
{
	for (size_t i = first; i < first + count; i++)
		if (str_starts(str_of(call->args[i]), S("s3://")) != s3)
			return err_set(e, ERR_KIND_USAGE,
			               s3 ? "'%s' is not s3://BUCKET/KEY"
			                  : "'%s' is not a local path",
			               call->args[i]);
	return 0;
}

static int run_put(const struct applet_call *call, struct err *e)
{
	size_t last = call->arg_count - 1;
	if (require(call, 0, last, false, e) || require(call, last, 1, true, e))
		return -1;
	return run_with(call, call->args, last, call->args[last], e);
}

/* Without a target, the present directory is one. */
static int run_get(const struct applet_call *call, struct err *e)
{
	size_t last = call->arg_count - 1;
	bool here = last == 0 || str_starts(str_of(call->args[last]), S("s3://"));
	size_t count = here ? call->arg_count : last;
	if (require(call, 0, count, true, e))
		return -1;
	return run_with(call, call->args, count, here ? "." : call->args[last], e);
}

const struct applet s3_cp_applet = {
	.name = "cp",
	.summary = "copy files and objects",
	.synopsis = "[OPTIONS] SOURCE… TARGET",
	.details =
		"One side at least is s3://BUCKET/KEY; - is standard input or output. A target that ends\n"
		"in '/' is a directory. Keys may have * ? [ in them. Symbolic links are not followed.\n"
		"Standard input is buffered: 32 MiB, up to 64 MiB for streams over 2 GiB.",
	.groups = groups,
	.options_size = sizeof(struct s3_cp_options),
	.args_min = 2,
	.args_max = SIZE_MAX,
	.run = run_cp,
	.prints_content = prints_content,
};

const struct applet s3_cp_mv_applet = {
	.name = "mv",
	.summary = "move files and objects",
	.synopsis = "[OPTIONS] SOURCE… TARGET",
	.details =
		"Like cp; then the source is removed, once the copy is known to be there and complete,\n"
		"and unless the source changed meanwhile. Emptied directories stay.",
	.groups = groups,
	.options_size = sizeof(struct s3_cp_options),
	.args_min = 2,
	.args_max = SIZE_MAX,
	.run = run_cp,
	.prints_content = prints_content,
};

const struct applet s3_cp_get_applet = {
	.name = "get",
	.summary = "download objects",
	.synopsis = "[OPTIONS] s3://BUCKET/KEY… [TARGET]",
	.details = "Without TARGET into the present directory.",
	.groups = groups,
	.options_size = sizeof(struct s3_cp_options),
	.args_min = 1,
	.args_max = SIZE_MAX,
	.run = run_get,
	.prints_content = prints_content,
};

const struct applet s3_cp_put_applet = {
	.name = "put",
	.summary = "upload files",
	.synopsis = "[OPTIONS] FILE… s3://BUCKET/KEY",
	.groups = groups,
	.options_size = sizeof(struct s3_cp_options),
	.args_min = 2,
	.args_max = SIZE_MAX,
	.run = run_put,
};
