/* <base>/.ws/<id>/hosts: {"<path>": <inode>}. Out of reach of what runs in the container, as a mark in the directory is not. */
#include "base/mem.h"
#include "data/js.h"
#include "os/dir.h"
#include "ws/reset.h"

enum { BYTES_MAX = 1 << 20 };

static const char name[] = "hosts";

static int load(int fd, struct js **out, struct err *e)
{
	BUF_AUTO text = buf_make(BYTES_MAX);
	struct err why = ERR_INIT;
	if (dir_read_file(fd, name, &text, &why) == 0)
		return js_parse(buf_str(&text), name, out, e);
	*out = js_object();
	if (why.kind == ERR_KIND_NOT_FOUND)
		return 0;
	*e = why;
	return -1;
}

int reset_host_note(const struct base_dir *b, const char *id, const char *path, struct err *e)
{
	FD_AUTO fd = -1, host = -1;
	JS_AUTO o = NULL;
	struct file_stat st;
	BUF_AUTO text = buf_make(BYTES_MAX);
	if (dir_open_root(path, &host, e) != 0 || file_stat(host, &st, e, path) != 0 ||
	    record_dir(b, id, false, &fd, e) != 0 || load(fd, &o, e) != 0)
		return -1;
	js_remove(o, path);
	js_set_int(o, path, (int64_t)st.ino);
	js_format(o, &text);
	if (buf_check(&text, e, name) != 0)
		return -1;
	return dir_replace_file(fd, name, text.p, text.len, 0600, e);
}

int reset_host_find(const struct base_dir *b, const char *id, const char *path, uint64_t *inode,
                    struct err *e)
{
	FD_AUTO fd = -1;
	JS_AUTO o = NULL;
	if (record_dir(b, id, false, &fd, e) != 0 || load(fd, &o, e) != 0)
		return -1;
	*inode = (uint64_t)js_get_int(o, path, 0);
	return 0;
}
