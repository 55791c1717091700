/* ws-archive diff: what is different between two archives or directories. */
#include "applets/pack_compare.h"
#include "applets/pack_guard.h"
#include "applets/pack_limits.h"
#include "applets/pack_verbs.h"
#include "applets/s3_options.h"

enum { DIFFERENT = 1 };

struct options {
	struct s3_config s3;
	struct pack_limits limits;
	struct pack_compare_options compare;
};

static const struct opt_row rows[] = {
	OPT_FLAG("stat", 0, struct options, compare.stat, "only how many and how much"),
	OPT_LIST("exclude", 'x', "PATTERN", struct options, compare.exclude,
	         "leave out what matches on either side, as in .gitignore"),
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	PACK_LIMITS_GROUP(offsetof(struct options, limits)),
	S3_OPTIONS_GROUP(offsetof(struct options, s3)),
	OPT_GROUPS_END,
};

static int run(const struct applet_call *call, struct err *e)
{
	const struct options *o = call->options;
	struct limits limits;
	const struct pack_compare how = {
		.call = call,
		.s3 = &o->s3,
		.options = &o->compare,
		.limits = &limits,
	};
	size_t differences;
	if (pack_limits_get(&o->limits, &limits, e) ||
	    pack_guard(call->args, call->arg_count, -1, e))
		return -1;
	if (pack_compare_show(&how, call->args[0], call->args[1], &differences, e))
		return -1;
	return differences ? DIFFERENT : 0;
}

const struct applet pack_diff_applet = {
	.name = "diff",
	.summary = "what is different between two archives or directories",
	.synopsis = "[OPTIONS] BEFORE AFTER",
	.details =
		"Each side is an archive (ours or any other, in a store too) or a live directory. A line for\n"
		"each thing added (A), removed (D), modified (M: type, content, mode, target) or renamed (R:\n"
		"the same content under another name). Contents are compared by SHA-256, never by time; of\n"
		"an archive with an index only the index is read. Owners, times, attributes, sockets, FIFOs\n"
		"and devices are not compared. Status 1 when there is a difference, 0 when not.",
	.groups = groups,
	.options_size = sizeof(struct options),
	.args_min = 2,
	.args_max = 2,
	.run = run,
};
