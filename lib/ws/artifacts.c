/* Artifacts: two lists side by side, and a look into what is new. */
#include "ws/artifacts.h"

#include <string.h>

#include "os/dir.h"
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

static void init(struct artifacts *a, int fd)
{
	*a = (struct artifacts){
		.fd = fd,
		.before = buf_make(LIST_MAX),
		.after = buf_make(LIST_MAX),
		.hashes = buf_make(LIST_MAX),
	};
}

/* `skipped` bytes at the head of what is there now are not of the list. */
static int begin(struct artifacts *a, int result, size_t skipped, struct err *e)
{
	struct str after = str_skip(buf_str(&a->after), skipped);
	if (result == 0 && tree_list_diff_start(&a->diff, buf_str(&a->before), after, e) == 0)
		return 0;
	artifacts_close(a);
	return -1;
}

int artifacts_open(const struct base_dir *b, const char *id, int fd, struct artifacts *out,
                   struct err *e)
{
	struct tree_list_take how = { .notify_fd = -1 };
	init(out, fd);
	buf_add_text(&out->after, START_HEADER);
	int result = read_start(b, id, out, e) != 0 ? -1 : tree_list_take(fd, &how, &out->after, e);
	out->unread = how.unread;
	return begin(out, result, sizeof(START_HEADER) - 1, e);
}

int artifacts_open_past(const struct base_dir *b, const char *id, struct artifacts *out,
                        struct err *e)
{
	init(out, -1);
	if (read_start(b, id, out, e) != 0 || start_read(b, id, START_END, &out->after, e) != 0 ||
	    start_read(b, id, START_HASHES, &out->hashes, e) != 0)
		return begin(out, -1, 0, e);
	out->hashes_left = buf_str(&out->hashes);
	return begin(out, 0, 0, e);
}

void artifacts_close(struct artifacts *a)
{
	buf_free(&a->before);
	buf_free(&a->after);
	buf_free(&a->hashes);
}

/* Each path has a NUL behind it in the list. */
static int hash(int dir, struct artifact *out, struct err *e)
{
	FD_AUTO fd = -1;
	struct inside_copied copied;
	if (dir_open_file(dir, out->path.p, &fd, e) != 0 ||
	    inside_copy(fd, -1, UINT64_MAX, NULL, &copied, e, out->path.p) != 0)
		return -1;
	out->stat.size_bytes = copied.size_bytes;
	memcpy(out->sha256, copied.sha256, sizeof(out->sha256));
	return 0;
}

/* "HASH PATH" of the files that were hashed, in the order of the list. */
static void take_hash(struct artifacts *a, struct artifact *out)
{
	struct str line, digits, path, rest;
	if (!str_cut(a->hashes_left, '\0', &line, &rest) || !str_cut(line, ' ', &digits, &path) ||
	    !str_eq(path, out->path))
		return;
	a->hashes_left = rest;
	if (str_copy(digits, out->sha256, sizeof(out->sha256)) != 0)
		out->sha256[0] = '\0';
}

/* The next one that is another, without its hash; whether it is a new file is told. */
static int next(struct artifacts *a, bool all, struct artifact *out, bool *is_new, struct err *e)
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
	*is_new = file_is_regular(&entry.stat) &&
	          (change == TREE_LIST_ADDED || change == TREE_LIST_MODIFIED);
	return 1;
}

int artifacts_next(struct artifacts *a, bool all, struct artifact *out, struct err *e)
{
	bool is_new = false;
	int got = next(a, all, out, &is_new, e);
	if (got <= 0 || !is_new)
		return got;
	if (a->fd < 0)
		take_hash(a, out);
	else if (hash(a->fd, out, &out->trouble) != 0)
		out->sha256[0] = '\0';
	return 1;
}

static int hash_new(struct artifacts *a, struct buf *out, struct err *e)
{
	struct artifact item;
	uint64_t left = ARTIFACTS_HASHED_MAX;
	bool is_new = false;
	int got;
	while ((got = next(a, false, &item, &is_new, e)) > 0) {
		struct err ignored = ERR_INIT;
		if (!is_new || item.stat.size_bytes > left || hash(a->fd, &item, &ignored) != 0)
			continue;
		left -= item.stat.size_bytes < left ? item.stat.size_bytes : left;
		buf_printf(out, "%s %s", item.sha256, item.path.p);
		buf_add_char(out, '\0');
	}
	return got;
}

int artifacts_note(const struct base_dir *b, const char *id, int fd, struct err *e)
{
	ARTIFACTS_AUTO a = { .fd = -1 };
	BUF_AUTO hashes = buf_make(LIST_MAX);
	buf_add_text(&hashes, START_HEADER);
	if (artifacts_open(b, id, fd, &a, e) != 0 || hash_new(&a, &hashes, e) != 0 ||
	    buf_check(&hashes, e, "the list of hashes") != 0)
		return -1;
	return start_write(b, id, START_HASHES, buf_str(&hashes), e) != 0
	               ? -1
	               : start_write(b, id, START_END, buf_str(&a.after), e);
}
