/* The lists at the start and at the end. */
#include "ws/start.h"

#include <assert.h>

#include "os/dir.h"
#include "ws/record.h"
#include "ws/tree_list.h"

static const char *const names[] = {
	[START_BEGIN] = "start",
	[START_END] = "end",
	[START_HASHES] = "hashes",
};

static int forget_all(const struct base_dir *b, const char *id, struct err *e)
{
	FD_AUTO fd = -1;
	if (record_dir(b, id, false, &fd, e) != 0)
		return -1;
	for (size_t i = 0; i < COUNTOF(names); i++) {
		if (dir_unlink(fd, names[i], e) != 0)
			return -1;
	}
	return 0;
}

int start_write(const struct base_dir *b, const char *id, enum start_which which, struct str text,
                struct err *e)
{
	FD_AUTO fd = -1;
	assert(str_starts(text, S(START_HEADER)));
	if (record_dir(b, id, false, &fd, e) != 0)
		return -1;
	return dir_replace_file(fd, names[which], text.p, text.len, 0600, e);
}

int start_note(const struct base_dir *b, const char *id, struct err *e)
{
	FD_AUTO root = -1;
	BUF_AUTO list = buf_make(TREE_LIST_BYTES_MAX);
	struct tree_list_take how = { .notify_fd = -1 };
	buf_add_text(&list, START_HEADER);
	if (forget_all(b, id, e) != 0 || dir_open(b->fd, id, &root, e) != 0 ||
	    tree_list_take(root, &how, &list, e) != 0)
		return -1;
	return start_write(b, id, START_BEGIN, buf_str(&list), e);
}

int start_read(const struct base_dir *b, const char *id, enum start_which which, struct buf *out,
               struct err *e)
{
	FD_AUTO record_fd = -1;
	size_t before = out->len;
	if (record_dir(b, id, false, &record_fd, e) != 0 ||
	    dir_read_file(record_fd, names[which], out, e) != 0)
		return -1;
	struct str text = str_skip(buf_str(out), before);
	if (before != 0 || !str_starts(text, S(START_HEADER)))
		return err_set(e, ERR_KIND_DATA, "%s: %s is not a list of files", id, names[which]);
	buf_consume(out, sizeof(START_HEADER) - 1);
	return 0;
}
