/* ws-archive verify: read everything, check everything. */
#include <inttypes.h>
#include <stdio.h>

#include "applets/pack_compare.h"
#include "applets/pack_guard.h"
#include "applets/pack_limits.h"
#include "applets/pack_verbs.h"
#include "applets/s3_options.h"
#include "base/num.h"
#include "pack/reader.h"
#include "store/store.h"

struct options {
	struct s3_config s3;
	struct pack_limits limits;
	uint64_t jobs;
	const char *against;
	struct pack_compare_options compare;
};

static const struct opt_row rows[] = {
	OPT_COUNT("threads", 'T', "N", struct options, jobs,
	          "that decompress (default: --jobs, else one per core)"),
	OPT_TEXT(
		"against", 0, "DIR", struct options, against,
		"also hold the archive against this directory and name each difference (status 1)"),
	OPT_LIST("exclude", 'x', "PATTERN", struct options, compare.exclude,
	         "with --against: leave out what matches, as in .gitignore"),
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	PACK_LIMITS_GROUP(offsetof(struct options, limits)),
	S3_OPTIONS_GROUP(offsetof(struct options, s3)),
	OPT_GROUPS_END,
};

static void show(const struct applet_call *call, const char *name, const struct reader_check *check)
{
	char size[NUM_TEXT_MAX];
	if (call->common->json) {
		struct js *o = js_object();
		js_set_path(o, "archive", str_of(name));
		js_set_bool(o, "ok", true);
		js_set_int(o, "entries", (int64_t)check->entries);
		js_set_int(o, "content_bytes", (int64_t)check->content_bytes);
		js_set_int(o, "archive_bytes", (int64_t)check->archive_bytes);
		js_set_int(o, "members", (int64_t)check->members);
		applet_json_line(o);
		return;
	}
	if (!call->common->quiet)
		printf("%s: good, %" PRIu64 " entries, %s\n", name, check->entries,
		       num_format_size(check->content_bytes, size));
}

static int verify(const struct applet_call *call, const char *name, const struct limits *limits,
                  struct err *e)
{
	const struct options *o = call->options;
	SOURCE_AUTO source = NULL;
	struct progress progress = { .label = NULL };
	struct reader_check check;
	if (store_blob_source(name, &o->s3, &source, e))
		return -1;
	if (source->size_known)
		progress_expect(&progress, source->id.size_bytes, 0);
	const struct reader_options how = {
		.limits = limits,
		.jobs = (unsigned)(o->jobs ? o->jobs : o->s3.jobs),
		.progress = &progress,
	};
	struct meter *meter = applet_progress(call, &progress, "verify");
	int rc = reader_verify(source, &how, &check, e);
	applet_progress_end(meter);
	if (rc)
		return err_context(e, "%s", name);
	show(call, name, &check);
	return 0;
}

static int verify_against(const struct applet_call *call, const struct limits *limits,
                          struct sorter_file *file, struct err *e)
{
	const struct options *o = call->options;
	const struct pack_compare how = {
		.call = call,
		.s3 = &o->s3,
		.options = &o->compare,
		.read_all = true,
		.limits = limits,
		.jobs = (unsigned)(o->jobs ? o->jobs : o->s3.jobs),
		.file = file,
	};
	size_t differences;
	if (call->arg_count != 1)
		return err_set(e, ERR_KIND_USAGE, "--against takes one archive");
	if (pack_compare_show(&how, call->args[0], o->against, &differences, e))
		return -1;
	if (differences > 0)
		return err_set(e, ERR_KIND_FAILED,
		               "%s: whole and undamaged, but %zu things are different in %s",
		               call->args[0], differences, o->against);
	if (!call->common->quiet && !call->common->json)
		printf("%s: good, and the same as %s\n", call->args[0], o->against);
	return 0;
}

static int run(const struct applet_call *call, struct err *e)
{
	const struct options *o = call->options;
	uint64_t failed = 0;
	struct limits limits;
	SORTER_FILE_AUTO file = { .fd = -1 };
	if (pack_limits_get(&o->limits, &limits, e))
		return -1;
	if (o->against)
		file = sorter_file_open();
	if (pack_guard(call->args, call->arg_count, -1, e))
		return -1;
	if (o->against)
		return verify_against(call, &limits, &file, e);
	if (call->arg_count == 1)
		return verify(call, call->args[0], &limits, e);
	for (size_t i = 0; i < call->arg_count; i++) {
		struct err why = ERR_INIT;
		if (verify(call, call->args[i], &limits, &why))
			applet_item_failed(call, &why, &failed);
	}
	return applet_result(failed, call->arg_count, "archives", e);
}

const struct applet pack_verify_applet = {
	.name = "verify",
	.summary = "check that archives are whole and undamaged",
	.synopsis = "[OPTIONS] ARCHIVE…",
	.details =
		"Every checksum; of archives that ws-archive made also the SHA-256 of every file and the\n"
		"index against the headers. A damaged archive is status 65. With --against also that DIR has\n"
		"the same names, types, modes, contents and link targets; what is shown is what changed\n"
		"from the archive to DIR, as by diff.",
	.groups = groups,
	.options_size = sizeof(struct options),
	.args_min = 1,
	.args_max = SIZE_MAX,
	.run = run,
};
