/* ws-file artifacts: what a session made of its workspace. */
#include "applets/artifact_show.h"
#include "applets/file_verbs.h"

struct options {
	struct ws_options where;
	bool all;
};

static const struct opt_row rows[] = {
	OPT_FLAG("all", 'a', struct options, all, "files that did not change, too"),
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	WS_OPTIONS_GROUP(offsetof(struct options, where)),
	OPT_GROUPS_END,
};

static int show_all(const struct applet_call *call, struct artifacts *a, struct table *table,
                    struct err *e)
{
	const struct options *o = call->options;
	struct artifact item;
	uint64_t failed = 0, total = 0;
	int got;
	for (; (got = artifacts_next(a, o->all, &item, e)) > 0; total++) {
		if (err_is(&item.trouble))
			applet_item_failed(call, &item.trouble, &failed);
		else if (call->common->json)
			applet_json_line(artifact_show_json(&item));
		else
			artifact_show_row(table, &item);
	}
	return got < 0 ? -1 : applet_result(failed, total, "files", e);
}

static int run(const struct applet_call *call, struct err *e)
{
	static const char *const titles[] = { ARTIFACT_SHOW_TITLES };
	const struct options *o = call->options;
	FILE_TARGET_AUTO target = { .in.fd = -1 };
	ARTIFACTS_AUTO a = { .fd = -1 };
	struct table table;
	if (file_target_open(call, &o->where, &target, e) != 0 ||
	    artifacts_open(&target.base, target.in.record.id, target.in.fd, &a, e) != 0)
		return -1;
	table_init(&table, COUNTOF(titles), titles);
	int result = show_all(call, &a, &table, e);
	applet_print_table(&table);
	table_free(&table);
	if (result == 0 && a.unread > 0)
		return err_set(e, ERR_KIND_FAILED, "%llu places could not be read",
		               (unsigned long long)a.unread);
	return result;
}

const struct applet file_artifacts_applet = {
	.name = "artifacts",
	.summary = "what a session made of its workspace: files added, modified, removed",
	.synopsis = "[OPTIONS] ID",
	.details =
		"Compared is with what setup left, by size, mode, times and inode; what differs is read for its\n"
		"SHA-256. Where the start is not known (the workspace is older than this list) every file is\n"
		"\"unknown\".",
	.groups = groups,
	.options_size = sizeof(struct options),
	.args_min = 1,
	.args_max = 1,
	.run = run,
};
