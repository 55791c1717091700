/* The lists at the start and at the end. */
#include "ws/start.h"

#include "os/dir.h"
#include "ws/record.h"
#include "ws/tree_list.h"

static const char *const names[] = { [START_BEGIN] = "start", [START_END] = "end" };
static const char header[] = "ws-start 1\n";

static int note(int record_fd, const char *name, int root, struct err *e)
{
	BUF_AUTO list = buf_make(TREE_LIST_BYTES_MAX);
	struct tree_list_take how = { .notify_fd = -1 };
	buf_add_text(&list, header);
	if (tree_list_take(root, &how, &list, e) != 0)
		return -1;
	return dir_replace_file(record_fd, name, list.p, list.len, 0600, e);
}

int start_note(const struct base_dir *b, int parent, const char *id, enum start_which which,
               struct err *e)
{
	FD_AUTO record_fd = -1, root = -1;
	struct err ignored = ERR_INIT;
	if (record_dir(b, id, false, &record_fd, e) != 0 || dir_open(parent, id, &root, e) != 0 ||
	    (which == START_BEGIN && dir_unlink(record_fd, names[START_END], e) != 0))
		return -1;
	if (note(record_fd, names[which], root, e) == 0)
		return 0;
	if (dir_unlink(record_fd, names[which], &ignored) != 0)
		err_context(e, "%s", ignored.msg);
	return -1;
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
	if (before != 0 || !str_starts(text, str_of(header)))
		return err_set(e, ERR_KIND_DATA, "%s: %s is not a list of files", id, names[which]);
	buf_consume(out, sizeof(header) - 1);
	return 0;
}
