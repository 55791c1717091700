/* Artifacts: two lists side by side, and a look into what is new. */
#include "ws/artifacts.h"

#include <string.h>

#include "ws/start.h"

enum { LIST_MAX = TREE_LIST_BYTES_MAX + 64 };

/* A start that is not known makes nobody's file an added one. */
static int read_start(const struct base_dir *b, const char *id, struct artifacts *a, struct err *e)
{
	struct err why = ERR_INIT;
	a->start_known = start_read(b, id, START_BEGIN, &a->before, &why) == 0;
	if (a->start_known || why.kind == ERR_KIND_NOT_FOUND)
		return 0;
	*e = why;
	return -1;
}

static void init(struct artifacts *a)
{
	*a = (struct artifacts){ .before = buf_make(LIST_MAX), .after = buf_make(LIST_MAX) };
}

static int begin(struct artifacts *a, int result, struct err *e)
{
	if (result == 0 &&
	    tree_list_diff_start(&a->diff, buf_str(&a->before), buf_str(&a->after), e) == 0)
		return 0;
	artifacts_close(a);
	return -1;
}

int artifacts_open(const struct inside *in, struct artifacts *out, struct err *e)
{
	struct tree_list_take how = { .notify_fd = -1 };
	init(out);
	out->in = in;
	int result = read_start(in->base, in->record.id, out, e) != 0
	                     ? -1
	                     : tree_list_take(in->fd, &how, &out->after, e);
	out->unread = how.unread;
	return begin(out, result, e);
}

int artifacts_open_past(const struct base_dir *b, const char *id, struct artifacts *out,
                        struct err *e)
{
	init(out);
	return begin(out,
	             read_start(b, id, out, e) != 0 ? -1
	                                            : start_read(b, id, START_END, &out->after, e),
	             e);
}

void artifacts_close(struct artifacts *a)
{
	buf_free(&a->before);
	buf_free(&a->after);
}

/* Each path has a NUL behind it in the list. */
static int hash(const struct inside *in, struct artifact *out, struct err *e)
{
	FD_AUTO fd = -1;
	struct file_stat st;
	struct inside_copied copied;
	if (inside_read(in, out->path.p, UINT64_MAX, &fd, &st, e) != 0 ||
	    inside_copy(fd, -1, UINT64_MAX, &copied, e, out->path.p) != 0)
		return -1;
	out->stat.size_bytes = copied.size_bytes;
	memcpy(out->sha256, copied.sha256, sizeof(out->sha256));
	return 0;
}

int artifacts_next(struct artifacts *a, bool all, struct artifact *out, struct err *e)
{
	struct tree_list_entry entry;
	enum tree_list_change change;
	int got;
	do
		got = tree_list_diff_next(&a->diff, &entry, &change, e);
	while (got > 0 && !all && change == TREE_LIST_SAME);
	if (got <= 0)
		return got;
	*out = (struct artifact){
		.path = entry.path,
		.change = a->start_known ? tree_list_change_name(change) : "unknown",
		.stat = entry.stat,
		.trouble = ERR_INIT,
	};
	bool is_new = change == TREE_LIST_ADDED || change == TREE_LIST_MODIFIED;
	if (a->in && is_new && file_is_regular(&entry.stat) && hash(a->in, out, &out->trouble) != 0)
		out->sha256[0] = '\0';
	return 1;
}
