/*
 * ws-s3 sync: two listings in the same order are read side by side, so that memory does not grow. A first pass
 * copies and counts what only the target has; a second one, only after a first that ended well, deletes it.
 */
#include "applets/s3_sync.h"

#include <string.h>

#include "applets/s3_options.h"
#include "applets/s3_stop.h"
#include "applets/s3_sync_do.h"
#include "os/log.h"

static const struct opt_row rows[] = {
	OPT_FLAG("delete", 0, struct s3_sync_options, remove,
	         "delete in TARGET what SOURCE does not have"),
	OPT_COUNT("max-delete", 0, "N", struct s3_sync_options, max_delete,
	          "delete nothing when more than N would go"),
	OPT_FLAG("checksum", 'c', struct s3_sync_options, checksum,
	         "compare content by ETag, whatever the times say"),
	OPT_FLAG("size-only", 0, struct s3_sync_options, size_only,
	         "compare sizes and nothing else"),
	OPT_FLAG("resume", 0, struct s3_sync_options, resume,
	         "go on with large objects where an earlier run was cut off"),
	OPT_FLAG("dry-run", 'n', struct s3_sync_options, dry_run,
	         "say what would be copied and deleted"),
	OPT_FLAG("raw", 0, struct s3_sync_options, raw, "* ? [ are ordinary characters of keys"),
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	S3_FILTER_GROUP(offsetof(struct s3_sync_options, filter)),
	S3_HEADERS_GROUP(offsetof(struct s3_sync_options, headers)),
	S3_OPTIONS_GROUP(offsetof(struct s3_sync_options, s3)),
	OPT_GROUPS_END,
};

static void defaults(void *options)
{
	struct s3_sync_options *o = options;
	o->max_delete = UINT64_MAX;
}

/* Go through both sides; `both`, `extra` and so on are decided by name. */
static int merge(struct s3_sync *s, struct err *e)
{
	struct s3_side *from = &s->from, *to = &s->to;
	int a = s3_side_next(from, e);
	int b = a < 0 ? -1 : s3_side_next(to, e);
	while (a >= 0 && b >= 0) {
		if (s3_stopped(s->queue.s3))
			return stop_fail(e);
		int order = a == 0   ? 1
		            : b == 0 ? -1
		                     : str_cmp(buf_str(&from->name), buf_str(&to->name));
		if (s->options->remove && from->ended && from->count == 0)
			return err_set(
				e, ERR_KIND_UNAVAILABLE,
				"%s has nothing in it: with --delete everything in %s would go",
				from->path->text, to->path->text);
		if (a == 0 && b == 0)
			return 0;
		if (order > 0)
			s3_sync_do_extra(s);
		else if (s3_sync_do_entry(s, order == 0))
			s3_sync_do_copy(s);
		if (order <= 0)
			a = s3_side_next(from, e);
		if (order >= 0 && a >= 0)
			b = s3_side_next(to, e);
	}
	return -1;
}

/* What kept the first pass from being a whole picture. */
static int check_clean(const struct s3_sync *s, struct err *e)
{
	if (s->queue.failed > 0)
		return err_set(e, ERR_KIND_FAILED,
		               "nothing was deleted, because %llu objects failed",
		               (unsigned long long)s->queue.failed);
	if (s->extra > s->options->max_delete)
		return err_set(
			e, ERR_KIND_UNAVAILABLE,
			"%llu objects of %s are not in %s, more than --max-delete %llu: none "
			"was deleted",
			(unsigned long long)s->extra, s->to_path.text, s->from_path.text,
			(unsigned long long)s->options->max_delete);
	return 0;
}

static int pass(struct s3_sync *s, struct err *e)
{
	/* Every trouble ends the pass that deletes. */
	s->from = (struct s3_side){ .path = &s->source, .filter = &s->options->filter };
	s->to = (struct s3_side){ .path = &s->to_path, .filter = &s->options->filter };
	s->from.other_is_local = s->to.other_is_local = !s->from_path.is_s3 || !s->to_path.is_s3;
	if (!s->deleting)
		s->from.trouble = s->to.trouble = s3_sync_do_trouble;
	s->from.ctx = s->to.ctx = s;
	int result = s3_side_open(&s->from, s->queue.s3, false, e);
	if (result == 0)
		result = s3_side_open(&s->to, s->queue.s3, true, e);
	if (result == 0)
		result = merge(s, e);
	/* The jobs use what the sides hold open. */
	s3_job_wait(&s->queue);
	if (!s->deleting && s->from.links > 0)
		log_warn("symbolic links were not followed: %llu",
		         (unsigned long long)s->from.links);
	if (!s->deleting && s->from.specials > 0)
		log_warn("sockets, pipes and devices were left out: %llu",
		         (unsigned long long)s->from.specials);
	if (!s->deleting && s->options->remove && s->unknown > 0)
		log_warn("%llu objects of %s stay: in %s there are links in their places",
		         (unsigned long long)s->unknown, s->to_path.text, s->from_path.text);
	s3_side_close(&s->from);
	s3_side_close(&s->to);
	return result;
}

static int both_passes(struct s3_sync *s, struct err *e)
{
	if (pass(s, e))
		return -1;
	if (!s->options->remove || s->extra == 0)
		return 0;
	if (check_clean(s, e))
		return -1;
	s->deleting = true;
	int result = pass(s, e);
	s3_batch_wait(s->batch);
	return result;
}

static int synchronise(struct s3_sync *s, struct err *e)
{
	struct err why = ERR_INIT;
	struct meter *meter = applet_progress(s->queue.call, &s->queue.progress, "sync");
	int result = s3_sync_do_begin(s, &why) || both_passes(s, &why) ? -1 : 0;
	if (s3_sync_do_end(s, &why))
		result = -1;
	applet_progress_end(meter);
	s->queue.failed += s->deletions.failed;
	s->queue.total += s->deletions.total;
	int closed = s3_job_queue_close(&s->queue, e);
	if (err_is(&why))
		*e = why;
	return result || closed ? -1 : 0;
}

static int run(const struct applet_call *call, struct err *e)
{
	const struct s3_sync_options *o = call->options;
	S3_AUTO s3 = NULL;
	S3_BATCH_AUTO batch = NULL;
	struct s3_sync s = { .options = o, .root = -1 };
	s.queue.call = call;
	s.queue.dry_run = o->dry_run;
	s.queue.resume = o->resume;
	if (s3_filter_check(&o->filter, e) || s3_path_parse(call->args[0], o->raw, &s.source, e) ||
	    s3_path_parse(call->args[1], true, &s.to_path, e))
		return -1;
	s.from_path = s3_path_directory(&s.source);
	if ((!s.from_path.is_s3 && !s.to_path.is_s3) || s.from_path.is_stdio || s.to_path.is_stdio)
		return err_set(e, ERR_KIND_USAGE,
		               "one of SOURCE and TARGET at least is s3://BUCKET/PREFIX, "
		               "the other may be a directory");
	if (s.source.is_glob && o->remove)
		return err_set(e, ERR_KIND_USAGE,
		               "--delete compares whole directories; --include chooses names");
	if (s3_headers_make(&o->headers, &s.headers, &s.put, e))
		return -1;
	struct stopper *stopper = NULL;
	int result = s3_open(&o->s3, &s3, e) || s3_stop_begin(&o->s3, s3, &stopper, e) ||
	             s3_batch_open(call, s3, &s.deletions, &batch, e);
	s.queue.s3 = s3;
	s.batch = batch;
	/* A copy in the store keeps what the object has, unless told otherwise. */
	if (!s.from_path.is_s3 || s3_headers_any(&s.headers, &s.put))
		s.queue.put = &s.put;
	if (result == 0)
		result = s3_job_queue_open(&s.queue, e);
	if (result == 0)
		result = synchronise(&s, e);
	s3_headers_free(&s.headers);
	return s3_stop_end(stopper, result ? -1 : 0, e);
}

const struct applet s3_sync_applet = {
	.name = "sync",
	.summary = "make a directory or prefix like another",
	.synopsis = "[OPTIONS] SOURCE TARGET",
	.details =
		"Copies what TARGET does not have, what has another size, and what is newer in SOURCE, or less\n"
		"than 2 s older, unless the ETag shows that the content is the same. Downloaded files get the time of the\n"
		"object. --delete acts only when both sides could be listed to their ends and nothing\n"
		"failed, and refuses a SOURCE with nothing in it. Symbolic links are not followed; what\n"
		"TARGET has in the place of one, or below it, stays. The key of SOURCE may have * ? [ in it.",
	.groups = groups,
	.options_size = sizeof(struct s3_sync_options),
	.defaults = defaults,
	.args_min = 2,
	.args_max = 2,
	.run = run,
};
