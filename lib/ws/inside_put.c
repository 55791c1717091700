/* A file into a workspace: staged, on disk, then to its place. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
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

/* ---- staging: what is left there by one that was killed is not in the way of whoever uses the workspace ---- */

static const char staged[] = "+put."; /* no id begins so */
static const int64_t ABANDONED_MS = 3600 * 1000;
enum { STAGING_NAMES_MAX = 1000 * 1000, NAME_MAX_BYTES = 64, RANDOM_LEN = 9 };

static bool is_abandoned(int dir, const char *name, const char *prefix)
{
	struct file_stat st;
	struct err ignored = ERR_INIT;
	return str_starts(str_of(name), str_of(prefix)) &&
	       strlen(name) == strlen(prefix) + RANDOM_LEN &&
	       dir_stat(dir, name, &st, &ignored) == 0 && file_is_regular(&st) &&
	       sys_now_ms() - st.mtime_s * 1000 >= ABANDONED_MS;
}

static void sweep(int dir, const char *prefix)
{
	char **names;
	size_t count;
	struct err ignored = ERR_INIT;
	if (dir_list(dir, STAGING_NAMES_MAX, &names, &count, &ignored) != 0)
		return;
	for (size_t i = 0; i < count; i++) {
		if (is_abandoned(dir, names[i], prefix) && dir_unlink(dir, names[i], &ignored) != 0)
			break;
	}
	mem_free(names);
}

void inside_put_sweep(const struct base_dir *b)
{
	FD_AUTO area = -1;
	struct err ignored = ERR_INIT;
	if (base_dir_area(b, "staging", &area, &ignored) == 0)
		sweep(area, staged);
}

void inside_put_sweep_dir(int dir)
{
	sweep(dir, DIR_TEMP_PREFIX);
}

/* One file on its way. */
struct put {
	const struct inside_put *how;
	int parent;       /* where it goes */
	const char *name; /* and as what */
	const char *path; /* for messages */
	struct progress *progress;
	struct inside_copied *out;
};

static int write_temp(const struct put *p, int stage, const char *temp, int from, struct err *e)
{
	FD_AUTO fd = -1;
	if (dir_create_file(stage, temp, 0600, &fd, e) != 0)
		return -1;
	if (inside_copy(from, fd, p->how->max_bytes, p->progress, p->out, e, p->path) != 0 ||
	    give_away(fd, p->parent, p->path, e) != 0 ||
	    attr_set_mode(fd, p->how->mode, e, p->path) != 0 || file_sync(fd, e, p->path) != 0)
		return -1;
	return file_close(file_take(&fd), e);
}

static int put_by(const struct put *p, int stage, const char *prefix, int from, struct err *e);

/* Something is mounted in the workspace, and no rename leads there: once more, beside the place. */
static int put_beside(const struct put *p, int stage, const char *temp, struct err *e)
{
	FD_AUTO fd = -1;
	err_clear(e);
	inside_put_sweep_dir(p->parent);
	if (dir_open_file(stage, temp, &fd, e) != 0)
		return -1;
	return put_by(p, p->parent, DIR_TEMP_PREFIX, fd, e);
}

static int put_by(const struct put *p, int stage, const char *prefix, int from, struct err *e)
{
	char temp[NAME_MAX_BYTES];
	struct err ignored = ERR_INIT;
	snprintf(temp, sizeof(temp), "%s", prefix);
	sys_random_name(temp + strlen(temp));
	if (write_temp(p, stage, temp, from, e) == 0 &&
	    dir_rename(stage, temp, p->parent, p->name, !p->how->force, e) == 0)
		return 0;
	bool beside = e->sys_errno == EXDEV && stage != p->parent;
	int result = beside ? put_beside(p, stage, temp, e) : -1;
	if (dir_unlink(stage, temp, &ignored) != 0 && result != 0)
		err_context(e, "%s", ignored.msg);
	return result;
}

int inside_put(const struct inside *in, int from, const char *path, const struct inside_put *how,
               struct inside_copied *out, struct err *e)
{
	FD_AUTO parent = -1;
	char name[DIR_NAME_MAX + 1];
	FD_AUTO area = -1;
	if (inside_check_path(path, e) != 0 ||
	    dir_open_parent(in->fd, path, &parent, name, e) != 0 ||
	    check_place(parent, name, path, how->force, e) != 0)
		return -1;
	*out = (struct inside_copied){ .size_bytes = 0 };
	if (in->dry_run)
		return 0;
	if (base_dir_area(in->base, "staging", &area, e) != 0)
		return -1;
	const struct put p = { how, parent, name, path, in->progress, out };
	if (put_by(&p, area, staged, from, e) != 0)
		return -1;
	tell(in, path, out);
	return dir_sync(parent, e);
}
