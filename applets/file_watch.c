/* ws-file watch: changes as they happen. inotify says when to look; what changed comes from looking, so that an overflow,
 * a directory that came and went, or a kernel without inotify lose nothing. */
#include <stdio.h>

#include "applets/file_verbs.h"
#include "base/codec.h"
#include "base/datetime.h"
#include "os/dir.h"
#include "os/log.h"
#include "os/notify.h"
#include "os/signals.h"
#include "os/sys.h"
#include "ws/tree_list.h"

enum {
	SETTLE_MS = 50, /* changes come in bunches */
	REST_TIMES = 4, /* at most a fifth of the time is spent looking */
	INTERVAL_MS = 1000,
	HEARTBEAT_MS = 60 * 1000, /* for what inotify can't see: other hosts' writes */
};

struct options {
	struct ws_options where;
	int64_t interval_ms;
	bool poll;
};

static const struct opt_row rows[] = {
	OPT_DURATION(
		"interval", 0, "D", struct options, interval_ms,
		"look at least so often (default 1m; 1s where the kernel does not tell of changes)"),
	OPT_FLAG("poll", 0, struct options, poll, "do not ask the kernel to tell of changes"),
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	WS_OPTIONS_GROUP(offsetof(struct options, where)),
	OPT_GROUPS_END,
};

struct watch {
	const struct applet_call *call;
	const struct inside *in;
	int notify_fd; /* -1: not asked */
	bool blind;    /* the kernel does not tell of everything */
	int64_t interval_ms;
	int64_t look_ms; /* how long the last look took */
	struct buf before, after;
};

static void show(const struct watch *w, const struct tree_list_entry *entry, const char *change)
{
	char time[DATETIME_TEXT_MAX];
	BUF_AUTO line = buf_make(1 << 16);
	if (w->call->common->json) {
		struct js *o = js_object();
		js_set_text(o, "time", datetime_iso_ms(sys_now_ms(), time));
		js_set_text(o, "change", change);
		js_set_path(o, "path", entry->path);
		file_show_json(o, &entry->stat);
		applet_json_line(o);
		return;
	}
	buf_printf(&line, "%-8s ", change);
	codec_quote(entry->path, &line);
	buf_add_char(&line, '\n');
	applet_print(&line);
}

static int look(struct watch *w, struct buf *out, struct err *e)
{
	struct tree_list_take how = { .notify_fd = w->notify_fd };
	int64_t from = sys_monotonic_ms();
	if (w->notify_fd >= 0)
		notify_drain(w->notify_fd);
	buf_clear(out);
	int result = tree_list_take(w->in->fd, &how, out, e);
	if (how.blind && !w->blind && w->notify_fd >= 0)
		log_warn("the kernel does not watch all of it; it is looked at every %lld ms",
		         (long long)w->interval_ms);
	w->blind = w->notify_fd < 0 || how.blind;
	w->look_ms = sys_monotonic_ms() - from;
	return result;
}

static int show_changes(struct watch *w, struct err *e)
{
	struct tree_list_diff diff;
	struct tree_list_entry entry;
	enum tree_list_change change;
	int got;
	if (tree_list_diff_start(&diff, buf_str(&w->before), buf_str(&w->after), e) != 0)
		return -1;
	while ((got = tree_list_diff_next(&diff, &entry, &change, e)) > 0) {
		if (change != TREE_LIST_SAME)
			show(w, &entry, tree_list_change_name(change));
	}
	if (fflush(stdout) != 0)
		return err_sys(e, "write standard output");
	return got;
}

static int wait(const struct watch *w, struct err *e)
{
	int64_t rest = w->look_ms * REST_TIMES;
	int64_t heartbeat = w->interval_ms > 0 ? w->interval_ms : HEARTBEAT_MS;
	int64_t interval = w->interval_ms > 0 ? w->interval_ms : INTERVAL_MS;
	if (w->blind) {
		sys_sleep_ms(interval > rest ? interval : rest);
		return 0;
	}
	if (signals_wait(w->notify_fd, sys_monotonic_ms() + heartbeat, e) < 0)
		return -1;
	sys_sleep_ms(rest > SETTLE_MS ? rest : SETTLE_MS);
	return 0;
}

/* Whether the workspace is still where it was: teardown and gc rename it away. */
static bool is_there(const struct watch *w)
{
	struct file_stat here, now;
	struct err ignored = ERR_INIT;
	return file_stat(w->in->fd, &here, &ignored, "the workspace") == 0 &&
	       dir_stat(w->in->base->fd, w->in->record.id, &now, &ignored) == 0 &&
	       here.ino == now.ino && here.dev == now.dev;
}

static int watch(struct watch *w, struct err *e)
{
	if (look(w, &w->before, e) != 0)
		return -1;
	log_info("%s: watching", w->in->record.id);
	while (is_there(w)) {
		if (wait(w, e) != 0)
			return -1;
		if (!is_there(w))
			break;
		if (look(w, &w->after, e) != 0 || show_changes(w, e) != 0)
			return -1;
		struct buf swap = w->before;
		w->before = w->after;
		w->after = swap;
	}
	log_info("%s: it is gone from its place", w->in->record.id);
	return 0;
}

static int run(const struct applet_call *call, struct err *e)
{
	const struct options *o = call->options;
	FILE_TARGET_AUTO target = { .in.fd = -1 };
	FD_AUTO notify_fd = -1;
	struct err why = ERR_INIT;
	if (file_target_open(call, &o->where, &target, e) != 0)
		return -1;
	if (!o->poll && notify_open(&notify_fd, &why) != 0)
		log_warn("%s", why.msg);
	struct watch w = {
		.call = call,
		.in = &target.in,
		.notify_fd = notify_fd,
		.interval_ms = o->interval_ms,
		.before = buf_make(TREE_LIST_BYTES_MAX),
		.after = buf_make(TREE_LIST_BYTES_MAX),
	};
	int result = watch(&w, e);
	buf_free(&w.before);
	buf_free(&w.after);
	return result;
}

const struct applet file_watch_applet = {
	.name = "watch",
	.summary = "tell of changes to the files of a workspace as they happen",
	.synopsis = "[OPTIONS] ID",
	.details =
		"One line for each file that was added, modified or removed; it ends when the workspace is removed.\n"
		"A file that comes and goes between two looks is not told of.",
	.groups = groups,
	.options_size = sizeof(struct options),
	.args_min = 1,
	.args_max = 1,
	.run = run,
};
