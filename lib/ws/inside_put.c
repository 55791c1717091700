/* A file into a workspace: beside its place, on disk, then to its place. */
#include <string.h>

#include "os/attr.h"
#include "os/dir.h"
#include "os/sys.h"
#include "ws/inside.h"
#include "ws/journal.h"

/* The agent is another user than root, who puts files in for it. */
static int give_away(int fd, int parent, const char *path, struct err *e)
{
	struct file_stat st;
	if (sys_uid() != 0)
		return 0;
	if (file_stat(parent, &st, e, path) != 0)
		return -1;
	return attr_set_owner(fd, st.uid, st.gid, e, path);
}

static int write_temp(int parent, const char *temp, int from, const char *path,
                      const struct inside_put *how, struct inside_copied *out, struct err *e)
{
	FD_AUTO fd = -1;
	if (dir_create_file(parent, temp, 0600, &fd, e) != 0)
		return -1;
	if (inside_copy(from, fd, how->max_bytes, out, e, path) != 0 ||
	    give_away(fd, parent, path, e) != 0 || attr_set_mode(fd, how->mode, e, path) != 0 ||
	    file_sync(fd, e, path) != 0)
		return -1;
	return file_close(file_take(&fd), e);
}

/* What is in the way is said before anything is copied; the rename decides. */
static int check_place(int parent, const char *name, const char *path, bool force, struct err *e)
{
	struct file_stat st;
	struct err why = ERR_INIT;
	if (dir_stat(parent, name, &st, &why) != 0) {
		if (why.kind == ERR_KIND_NOT_FOUND)
			return 0;
		*e = why;
		return -1;
	}
	if (file_is_dir(&st))
		return err_set(e, ERR_KIND_CONFLICT, "%s is a directory", path);
	return force ? 0
	             : err_set(e, ERR_KIND_CONFLICT, "%s is there already; --force replaces it",
	                       path);
}

static void tell(const struct inside *in, const char *path, const struct inside_copied *done)
{
	struct js *fields = js_object();
	js_set_path(fields, "path", str_of(path));
	js_set_int(fields, "size", (int64_t)done->size_bytes);
	js_set_text(fields, "sha256", done->sha256);
	journal_add(in->base, "put", in->record.id, fields);
}

int inside_put(const struct inside *in, int from, const char *path, const struct inside_put *how,
               struct inside_copied *out, struct err *e)
{
	FD_AUTO parent = -1;
	char name[DIR_NAME_MAX + 1];
	char temp[sizeof(DIR_TEMP_PREFIX) + 10] = DIR_TEMP_PREFIX;
	struct err ignored = ERR_INIT;
	if (inside_check_path(path, e) != 0 ||
	    dir_open_parent(in->fd, path, &parent, name, e) != 0 ||
	    check_place(parent, name, path, how->force, e) != 0)
		return -1;
	sys_random_name(temp + strlen(temp));
	if (write_temp(parent, temp, from, path, how, out, e) != 0 ||
	    dir_rename(parent, temp, parent, name, !how->force, e) != 0) {
		if (dir_unlink(parent, temp, &ignored) != 0)
			err_context(e, "%s", ignored.msg);
		return -1;
	}
	tell(in, path, out);
	return dir_sync(parent, e);
}
