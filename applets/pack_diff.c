/* ws-archive diff: what is different between two archives or directories. */
#include "applets/pack_compare_backup.h"
#include "applets/pack_guard.h"
#include "applets/pack_limits.h"
#include "applets/pack_verbs.h"
#include "applets/s3_options.h"

enum { DIFFERENT = 1 };

struct options {
	struct s3_config s3;
	struct pack_limits limits;
	struct pack_compare_options compare;
	bool snapshot;
};

static const struct opt_row rows[] = {
	OPT_FLAG("stat", 0, struct options, compare.stat, "only how many and how much"),
	OPT_FLAG(
		"unified", 'u', struct options, compare.unified,
		"as a patch, with the lines of text files of at most 1 MiB; for patch -p1 and git apply"),
	OPT_FLAG("snapshot", 0, struct options, snapshot,
	         "print the snapshot of BEFORE, a file that can be a side later"),
	OPT_LIST("part", 0, "NAME", struct options, compare.parts, "of backups: only this part"),
	OPT_LIST("exclude", 'x', "PATTERN", struct options, compare.exclude,
	         "leave out what matches on either side, as in .gitignore"),
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	PACK_LIMITS_GROUP(offsetof(struct options, limits)),
	S3_OPTIONS_GROUP(offsetof(struct options, s3)),
	OPT_GROUPS_END,
};

static int print(void *ctx, const struct buf *line, struct err *e)
{
	(void)ctx;
	(void)e;
	applet_print(line);
	return 0;
}

/* What is there, one line for each thing. */
static int snapshot(const struct applet_call *call, struct sorter_file *file, struct err *e)
{
	const struct options *o = call->options;
	PACK_SIDE_AUTO side = PACK_SIDE_NONE;
	EXCLUDE_AUTO exclude = exclude_new();
	const struct inventory_options how = { .exclude = exclude, .file = file };
	for (size_t i = 0; i < o->compare.exclude.count; i++)
		if (exclude_add(exclude, str_of(o->compare.exclude.items[i]), e))
			return -1;
	if (pack_side_open(call->args[0], &o->s3, &how, &side, e) ||
	    inventory_snapshot_write(side.held, print, NULL, e))
		return err_context(e, "%s", call->args[0]);
	return 0;
}

static int check(const struct applet_call *call, struct err *e)
{
	const struct options *o = call->options;
	const char *const operands[2] = { call->args[0], NULL };
	bool one_is_enough = o->snapshot || pack_compare_backup_is(operands);
	if (call->arg_count == 1 ? !one_is_enough : o->snapshot)
		return err_set(e, ERR_KIND_USAGE,
		               o->snapshot ? "--snapshot is of one thing"
		                           : "what is it to be compared with?");
	if (o->compare.unified && (o->compare.stat || call->common->json))
		return err_set(e, ERR_KIND_USAGE, "-u goes without --stat and --json");
	for (size_t i = 0; i < call->arg_count; i++)
		if (o->compare.unified && call->args[i][0] == '-' && !call->args[i][1])
			return err_set(e, ERR_KIND_USAGE,
			               "-u reads what differs once more, which a pipe can't");
	return 0;
}

static int run(const struct applet_call *call, struct err *e)
{
	const struct options *o = call->options;
	const char *after = call->arg_count > 1 ? call->args[1] : NULL;
	struct limits limits;
	SORTER_FILE_AUTO file = { .fd = -1 };
	const struct pack_compare how = {
		.call = call,
		.s3 = &o->s3,
		.options = &o->compare,
		.limits = &limits,
		.file = &file,
	};
	size_t differences;
	if (check(call, e) || pack_limits_get(&o->limits, &limits, e))
		return -1;
	file = sorter_file_open();
	if (pack_guard(call->args, call->arg_count, -1, e))
		return -1;
	if (o->snapshot)
		return snapshot(call, &file, e);
	if (pack_compare_show(&how, call->args[0], after, &differences, e))
		return -1;
	return differences ? DIFFERENT : 0;
}

static bool prints_snapshot(const struct applet_call *call)
{
	const struct options *o = call->options;
	return o->snapshot;
}

const struct applet pack_diff_applet = {
	.name = "diff",
	.summary = "what is different between archives, directories, snapshots and backups",
	.synopsis = "[OPTIONS] BEFORE AFTER  |  BACKUP/manifest.json  |  --snapshot BEFORE",
	.details =
		"Each side is an archive (ours or any other, in a store too), a live directory, a snapshot (what\n"
		"--snapshot printed), or a backup's manifest.json: its parts are compared with those of the other\n"
		"backup, with --part one of them with anything, alone with what it was made of. A line for\n"
		"each thing added (A), removed (D), modified (M: type, content, mode, target) or renamed (R:\n"
		"the same content under another name). Contents are compared by SHA-256, never by time; of\n"
		"an archive with an index only the index is read. Owners, times, attributes, sockets, FIFOs\n"
		"and devices are not compared. Status 1 when there is a difference, 0 when not.",
	.groups = groups,
	.options_size = sizeof(struct options),
	.args_min = 1,
	.args_max = 2,
	.run = run,
	.prints_content = prints_snapshot,
};
