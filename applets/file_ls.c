/* ws-file ls: what is in a workspace, without following anything. */
#include <stdio.h>

#include "applets/file_verbs.h"
#include "applets/s3_show.h"
#include "base/codec.h"
#include "base/mem.h"
#include "os/dir.h"
#include "os/walk.h"

enum { LINE_MAX_BYTES = 1 << 16 };

struct options {
	struct ws_options where;
	bool recursive;
};

static const struct opt_row rows[] = {
	OPT_FLAG("recursive", 'r', struct options, recursive,
	         "what is in directories below it, too"),
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	WS_OPTIONS_GROUP(offsetof(struct options, where)),
	OPT_GROUPS_END,
};

/* The operand with what lies below it. */
struct listing {
	const struct applet_call *call;
	const char *top; /* "" or the operand */
	uint64_t failed, total;
	struct buf line;
};

static void add_target(int dirfd, const char *name, struct buf *out)
{
	struct err ignored = ERR_INIT;
	if (dir_read_link(dirfd, name, out, &ignored) != 0)
		buf_clear(out);
}

static void show_json(struct str path, struct str target, const struct file_stat *st)
{
	struct js *o = js_object();
	js_set_path(o, "path", path);
	file_show_json(o, st);
	if (file_is_symlink(st))
		js_set_path(o, "target", target);
	applet_json_line(o);
}

static void show_row(struct buf *line, struct str path, struct str target,
                     const struct file_stat *st)
{
	char mode[FILE_SHOW_MODE_MAX], time[S3_SHOW_TIME_MAX];
	buf_clear(line);
	buf_printf(line, "%s %12llu %s ", file_show_mode(st->mode, mode),
	           (unsigned long long)st->size_bytes,
	           s3_show_time(st->mtime_s * 1000 + st->mtime_ns / 1000000, time));
	codec_quote(path, line);
	if (file_is_symlink(st)) {
		buf_add_text(line, " -> ");
		codec_quote(target, line);
	}
	buf_add_char(line, '\n');
	applet_print(line);
}

/* The entry `name` of `dirfd`, shown with `path` below the operand. */
static void show(struct listing *l, int dirfd, const char *name, const char *path,
                 const struct file_stat *st)
{
	BUF_AUTO full = buf_make(LINE_MAX_BYTES);
	BUF_AUTO target = buf_make(LINE_MAX_BYTES);
	buf_add_text(&full, l->top);
	buf_add_text(&full, l->top[0] && path[0] ? "/" : "");
	buf_add_text(&full, path);
	if (file_is_symlink(st))
		add_target(dirfd, name, &target);
	l->total++;
	if (l->call->common->json)
		show_json(buf_str(&full), buf_str(&target), st);
	else
		show_row(&l->line, buf_str(&full), buf_str(&target), st);
}

static int list(struct listing *l, int fd, bool recursive, struct err *e)
{
	const struct walk_options how = { .one_file_system = true };
	struct walk_entry entry;
	WALK_AUTO walk = NULL;
	int got;
	if (walk_open(fd, &how, &walk, e) != 0)
		return -1;
	while ((got = walk_next(walk, &entry, e)) != 0) {
		if (got < 0 && walk_failed(walk))
			return -1;
		if (got < 0) {
			l->total++;
			applet_item_failed(l->call, e, &l->failed);
			continue;
		}
		show(l, entry.dirfd, entry.name, entry.path, &entry.stat);
		if (file_is_dir(&entry.stat) && !recursive)
			walk_skip(walk);
	}
	return applet_result(l->failed, l->total, "entries", e);
}

static int list_path(struct listing *l, const struct inside *in, bool recursive, struct err *e)
{
	FD_AUTO parent = -1, fd = -1;
	char name[DIR_NAME_MAX + 1];
	struct file_stat st;
	if (inside_check_path(l->top, e) != 0 ||
	    dir_open_parent(in->fd, l->top, &parent, name, e) != 0 ||
	    dir_stat(parent, name, &st, e) != 0)
		return -1;
	if (!file_is_dir(&st)) {
		show(l, parent, name, "", &st);
		return 0;
	}
	return dir_open(parent, name, &fd, e) != 0 ? -1 : list(l, fd, recursive, e);
}

static int run(const struct applet_call *call, struct err *e)
{
	const struct options *o = call->options;
	FILE_TARGET_AUTO target = { .in.fd = -1 };
	if (file_target_open(call, &o->where, &target, e) != 0)
		return -1;
	char found[DIR_NAME_MAX + 1];
	const char *top = "";
	if (call->arg_count > 1 && file_target_path(&target, call->args[1], found, &top, e) != 0)
		return -1;
	struct listing l = {
		.call = call,
		.top = top,
		.line = buf_make(LINE_MAX_BYTES),
	};
	int result = call->arg_count > 1 ? list_path(&l, &target.in, o->recursive, e)
	                                 : list(&l, target.in.fd, o->recursive, e);
	buf_free(&l.line);
	return result;
}

const struct applet file_ls_applet = {
	.name = "ls",
	.summary = "list the files of a workspace",
	.synopsis = "[OPTIONS] ID [PATH]",
	.details = "Also while its session is at work. Links are shown, never followed.",
	.groups = groups,
	.options_size = sizeof(struct options),
	.args_min = 1,
	.args_max = 2,
	.run = run,
};
