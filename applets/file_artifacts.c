/* ws-file artifacts: what a session made of its workspace. */
#include <stdio.h>
#include <string.h>

#include "applets/file_verbs.h"
#include "applets/s3_show.h"
#include "base/num.h"
#include "cli/table.h"
#include "ws/start.h"
#include "ws/tree_list.h"

enum { OUTPUT_MAX = 256 << 20, HASH_SHOWN = 12, START_MAX = TREE_LIST_BYTES_MAX + 64 };

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

struct report {
	const struct applet_call *call;
	const struct inside *in;
	struct table table;
	const char *otherwise; /* NULL, or what every file is when the start is not known */
	uint64_t failed, total;
};

/* The hash of what is there now; "" for what is no file. */
static int hash(struct report *r, const char *path, const struct tree_list_entry *entry,
                struct inside_copied *out, struct err *e)
{
	FD_AUTO fd = -1;
	struct file_stat st;
	*out = (struct inside_copied){ .size_bytes = entry->stat.size_bytes };
	if (!file_is_regular(&entry->stat))
		return 0;
	return inside_read(r->in, path, UINT64_MAX, &fd, &st, e) != 0
	               ? -1
	               : inside_copy(fd, -1, UINT64_MAX, out, e, path);
}

static void show_json(const struct tree_list_entry *entry, const char *change, const char *sha256)
{
	struct js *o = js_object();
	js_set_path(o, "path", entry->path);
	js_set_text(o, "change", change);
	file_show_json(o, &entry->stat);
	if (sha256[0])
		js_set_text(o, "sha256", sha256);
	applet_json_line(o);
}

static void show_row(struct table *t, const struct tree_list_entry *entry, const char *change,
                     const char *sha256)
{
	char size[NUM_TEXT_MAX], mode[FILE_SHOW_MODE_MAX], time[S3_SHOW_TIME_MAX];
	int64_t ms = entry->stat.mtime_s * 1000 + entry->stat.mtime_ns / 1000000;
	table_cell_text(t, change);
	table_cell_text(t, file_show_mode(entry->stat.mode, mode));
	table_cell_text(t, num_format_size(entry->stat.size_bytes, size));
	table_cell_text(t, s3_show_time(ms, time));
	table_cell(t, str_head(str_of(sha256), HASH_SHOWN));
	table_cell(t, entry->path);
}

static void show(struct report *r, struct tree_list_entry *entry, enum tree_list_change change)
{
	struct inside_copied now = { .size_bytes = 0 };
	struct err why = ERR_INIT;
	const char *text = r->otherwise ? r->otherwise : tree_list_change_name(change);
	bool look = change == TREE_LIST_ADDED || change == TREE_LIST_MODIFIED;
	r->total++;
	/* Each path has a NUL behind it in the list. */
	if (look && hash(r, entry->path.p, entry, &now, &why) != 0) {
		applet_item_failed(r->call, &why, &r->failed);
		return;
	}
	if (look)
		entry->stat.size_bytes = now.size_bytes;
	if (r->call->common->json)
		show_json(entry, text, now.sha256);
	else
		show_row(&r->table, entry, text, now.sha256);
}

static int compare(struct report *r, bool all, struct str before, struct str after, struct err *e)
{
	struct tree_list_diff diff;
	struct tree_list_entry entry;
	enum tree_list_change change;
	int got;
	if (tree_list_diff_start(&diff, before, after, e) != 0)
		return -1;
	while ((got = tree_list_diff_next(&diff, &entry, &change, e)) > 0) {
		if (all || change != TREE_LIST_SAME)
			show(r, &entry, change);
	}
	return got < 0 ? -1 : applet_result(r->failed, r->total, "files", e);
}

/* A start that is not known makes nobody's file an added one (law 11). */
static int read_start(struct report *r, struct buf *out, struct err *e)
{
	struct err why = ERR_INIT;
	if (start_read(r->in->base, r->in->record.id, out, &why) == 0)
		return 0;
	if (why.kind != ERR_KIND_NOT_FOUND) {
		*e = why;
		return -1;
	}
	r->otherwise = "unknown";
	return 0;
}

static void print_table(struct report *r)
{
	BUF_AUTO text = buf_make(OUTPUT_MAX);
	if (r->table.rows == 0)
		return;
	table_format(&r->table, &text);
	applet_print(&text);
}

static int run(const struct applet_call *call, struct err *e)
{
	static const char *const titles[] = { "CHANGE",   "MODE",   ">SIZE",
		                              "MODIFIED", "SHA256", "PATH" };
	const struct options *o = call->options;
	FILE_TARGET_AUTO target = { .in.fd = -1 };
	BUF_AUTO before = buf_make(START_MAX);
	BUF_AUTO after = buf_make(TREE_LIST_BYTES_MAX);
	struct tree_list_take how = { .notify_fd = -1 };
	if (file_target_open(call, &o->where, &target, e) != 0)
		return -1;
	struct report r = { .call = call, .in = &target.in };
	if (read_start(&r, &before, e) != 0 || tree_list_take(target.in.fd, &how, &after, e) != 0)
		return -1;
	table_init(&r.table, COUNTOF(titles), titles);
	int result = compare(&r, o->all, buf_str(&before), buf_str(&after), e);
	print_table(&r);
	table_free(&r.table);
	if (result == 0 && how.unread > 0)
		return err_set(e, ERR_KIND_FAILED, "%llu places could not be read",
		               (unsigned long long)how.unread);
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
