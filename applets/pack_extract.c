/* ws-archive extract: all of an archive or some of it, staged and then moved into place. */
#include <inttypes.h>
#include <stdio.h>

#include "applets/pack_guard.h"
#include "applets/pack_limits.h"
#include "applets/pack_stage.h"
#include "applets/pack_verbs.h"
#include "applets/pack_would.h"
#include "applets/s3_options.h"
#include "base/mem.h"
#include "base/num.h"
#include "os/log.h"
#include "os/sys.h"
#include "pack/extract.h"
#include "store/store.h"

struct options {
	struct s3_config s3;
	struct pack_limits limits;
	const char *directory;
	uint64_t strip, jobs;
	bool same_owner, into_existing, dry_run;
};

static const struct opt_row rows[] = {
	OPT_TEXT("directory", 'C', "DIR", struct options, directory,
	         "where to unpack (default: here); made when it does not exist"),
	OPT_COUNT("strip", 0, "N", struct options, strip,
	          "leave out the first N components of names"),
	OPT_FLAG("into-existing", 0, struct options, into_existing,
	         "replace what is in DIR already under the same names, and leave the rest"),
	OPT_FLAG("same-owner", 0, struct options, same_owner,
	         "give files the numeric owners of the archive (takes root)"),
	OPT_FLAG("dry-run", 'n', struct options, dry_run,
	         "say what would be unpacked and replaced, and what is in the way"),
	OPT_COUNT("threads", 'T', "N", struct options, jobs,
	          "that decompress (default: --jobs, else one per core)"),
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	PACK_LIMITS_GROUP(offsetof(struct options, limits)),
	S3_OPTIONS_GROUP(offsetof(struct options, s3)),
	OPT_GROUPS_END,
};

static void defaults(void *options)
{
	struct options *o = options;
	o->directory = ".";
}

static void notice(void *ctx, const struct err *e)
{
	(void)ctx;
	log_warn("%s", e->msg);
}

static void show(const struct applet_call *call, const struct extract_result *r, int64_t ms)
{
	char size[NUM_TEXT_MAX], time[NUM_TEXT_MAX];
	const struct options *how = call->options;
	if (call->common->json && how->dry_run)
		return;
	if (call->common->json) {
		struct js *o = js_object();
		js_set_path(o, "archive", str_of(call->args[0]));
		js_set_int(o, "entries", (int64_t)r->entries);
		js_set_int(o, "content_bytes", (int64_t)r->content_bytes);
		js_set_int(o, "skipped", (int64_t)r->skipped);
		js_set_int(o, "duration_ms", ms);
		applet_json_line(o);
		return;
	}
	if (!call->common->quiet)
		fprintf(stderr, "%s: %" PRIu64 " entries, %s, %s\n", call->name, r->entries,
		        num_format_size(r->content_bytes, size),
		        how->dry_run ? "dry run" : num_format_duration(ms, time));
}

static int unpack(const struct applet_call *call, struct source *source,
                  const struct pack_stage *stage, const struct limits *limits, bool *found,
                  struct extract_result *r, struct err *e)
{
	const struct options *o = call->options;
	struct pack_would would = { call, stage, o->into_existing };
	struct progress progress = { .label = NULL };
	const struct extract_options how = {
		.limits = limits,
		.jobs = (unsigned)(o->jobs ? o->jobs : o->s3.jobs),
		.strip = (unsigned)o->strip,
		.same_owner = o->same_owner,
		.patterns = call->args + 1,
		.pattern_count = call->arg_count - 1,
		.pattern_found = found,
		.progress = &progress,
		.notice = notice,
		.would = o->dry_run ? pack_would : NULL,
		.would_ctx = &would,
	};
	struct meter *meter = applet_progress(call, &progress, "unpack");
	int rc = extract_tree(source, o->dry_run ? stage->parent : stage->dir, &how, r, e);
	applet_progress_end(meter);
	if (rc == 0 && how.pattern_count > 0 && r->matched == 0)
		rc = err_set(e, ERR_KIND_NOT_FOUND, "nothing in it matches");
	return rc;
}

/* Name the patterns that nothing matched. */
static int check_found(const struct applet_call *call, const bool *found, struct err *e)
{
	uint64_t failed = 0, count = call->arg_count - 1;
	for (size_t i = 0; i < count; i++) {
		struct err missing = ERR_INIT;
		if (found[i])
			continue;
		err_set(&missing, ERR_KIND_NOT_FOUND, "%s: nothing in it matches '%s'",
		        call->args[0], call->args[1 + i]);
		applet_item_failed(call, &missing, &failed);
	}
	return applet_result(failed, count, "patterns", e);
}

static int run(const struct applet_call *call, struct err *e)
{
	const struct options *o = call->options;
	MEM_AUTO bool *found = mem_new(call->arg_count, sizeof(*found));
	SOURCE_AUTO source = NULL;
	PACK_STAGE_AUTO stage = { .parent = -1, .dir = -1 };
	struct extract_result r;
	struct limits limits;
	int64_t start = sys_monotonic_ms();
	if (pack_limits_get(&o->limits, &limits, e) ||
	    store_blob_source(call->args[0], &o->s3, &source, e) ||
	    (o->dry_run ? pack_stage_look(o->directory, &stage, e)
	                : pack_stage_open(o->directory, &stage, e)) ||
	    pack_guard(call->args, 1, stage.parent, e))
		return -1;
	int rc = unpack(call, source, &stage, &limits, found, &r, e);
	if (rc == 0 && !o->dry_run)
		rc = o->into_existing ? pack_stage_merge(&stage, o->same_owner, e)
		                      : pack_stage_publish(&stage, e);
	if (rc)
		return err_context(e, "%s", call->args[0]);
	show(call, &r, sys_monotonic_ms() - start);
	return check_found(call, found, e);
}

const struct applet pack_extract_applet = {
	.name = "extract",
	.summary = "unpack an archive",
	.synopsis = "[-C DIR] [OPTIONS] ARCHIVE [PATTERN…]",
	.details =
		"Unpacks into a private directory first and then moves the result into DIR: a damaged or\n"
		"hostile archive leaves nothing, and nothing that is there is replaced (status 73), unless\n"
		"--into-existing says so: then each file is replaced by a rename, directories are joined,\n"
		"and a directory for something else or the reverse is refused before anything is moved.\n"
		"Names that climb out are refused (status 65). setuid bits and devices are dropped. With\n"
		"PATTERNs (shell wildcards) only what matches and what is below it; one that nothing matches\n"
		"is named, and the status 1 (66 when none is matched).",
	.groups = groups,
	.options_size = sizeof(struct options),
	.defaults = defaults,
	.args_min = 1,
	.args_max = SIZE_MAX,
	.run = run,
};
