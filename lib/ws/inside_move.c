/* A file out of a workspace, into a directory of the user's. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "os/attr.h"
#include "os/dir.h"
#include "os/node.h"
#include "os/sys.h"
#include "ws/inside.h"
#include "ws/journal.h"

/* One file on its way. */
struct way {
	const char *path; /* for messages */
	struct progress *progress;
	int from_dir, to_dir;
	char from[DIR_NAME_MAX + 1];
	const char *to;
	int fd; /* the file */
	struct file_stat st;
	bool has_arrived; /* an earlier move was killed before its last step */
};

/* Whether `name` in `dirfd` is the very file that was opened. */
static bool is_same(const struct way *w, int dirfd, const char *name)
{
	struct file_stat now;
	struct err ignored = ERR_INIT;
	return dir_stat(dirfd, name, &now, &ignored) == 0 && now.ino == w->st.ino &&
	       now.dev == w->st.dev;
}

/* Neither written to nor touched since it was opened. */
static bool is_unchanged(const struct way *w)
{
	struct file_stat now;
	struct err ignored = ERR_INIT;
	return file_stat(w->fd, &now, &ignored, w->path) == 0 &&
	       now.size_bytes == w->st.size_bytes && now.mtime_s == w->st.mtime_s &&
	       now.mtime_ns == w->st.mtime_ns && now.ctime_s == w->st.ctime_s &&
	       now.ctime_ns == w->st.ctime_ns;
}

static int changed(const struct way *w, struct err *e)
{
	err_set(e, ERR_KIND_TRY_AGAIN, "%s changed while it was moved; it stays where it is",
	        w->path);
	e->retryable = true;
	return -1;
}

/* The name could be given to something else, a link even, between our look and the rename: that goes back. */
static int move_by_rename(const struct way *w, struct err *e)
{
	struct err ignored = ERR_INIT;
	if (dir_rename(w->from_dir, w->from, w->to_dir, w->to, true, e) != 0)
		return -1;
	if (is_same(w, w->to_dir, w->to))
		return 0;
	if (dir_rename(w->to_dir, w->to, w->from_dir, w->from, true, &ignored) != 0)
		return err_set(e, ERR_KIND_CONFLICT, "%s was replaced while it was moved: %s",
		               w->path, ignored.msg);
	return changed(w, e);
}

static int write_copy(const struct way *w, const char *temp, struct inside_copied *out,
                      struct err *e)
{
	FD_AUTO to = -1;
	if (dir_create_file(w->to_dir, temp, 0600, &to, e) != 0)
		return -1;
	if (inside_copy(w->fd, to, UINT64_MAX, w->progress, out, e, w->path) != 0 ||
	    attr_set_mode(to, w->st.mode & 0777, e, w->to) != 0 || file_sync(to, e, w->to) != 0)
		return -1;
	/* With an old time it looks abandoned to another move's sweep: so last, and what it has left to do is quick. */
	if (node_set_mtime(to, w->st.mtime_s, w->st.mtime_ns, e, w->to) != 0 ||
	    file_sync(to, e, w->to) != 0)
		return -1;
	return file_close(file_take(&to), e);
}

static int publish(const struct way *w, const char *temp, struct err *e)
{
	if (!is_unchanged(w) || !is_same(w, w->from_dir, w->from))
		return changed(w, e);
	return dir_rename(w->to_dir, temp, w->to_dir, w->to, true, e);
}

/* Law 2: the copy is on disk, name and all, before the file goes. */
static int leave_copy(const struct way *w, struct err *e)
{
	if (!is_unchanged(w) || !is_same(w, w->from_dir, w->from))
		return changed(w, e);
	return dir_sync(w->to_dir, e) != 0 ? -1 : dir_unlink(w->from_dir, w->from, e);
}

static int move_by_copy(const struct way *w, struct inside_copied *out, struct err *e)
{
	char temp[sizeof(DIR_TEMP_PREFIX) + 10] = DIR_TEMP_PREFIX;
	struct err ignored = ERR_INIT;
	progress_expect(w->progress, w->st.size_bytes, 0);
	sys_random_name(temp + strlen(temp));
	inside_put_sweep_dir(w->to_dir);
	if (write_copy(w, temp, out, e) != 0 || publish(w, temp, e) != 0) {
		if (dir_unlink(w->to_dir, temp, &ignored) != 0)
			err_context(e, "%s", ignored.msg);
		return -1;
	}
	return leave_copy(w, e);
}

/* A file with other names would still be the agent's to write to after a rename. */
static bool can_be_renamed(const struct way *w, struct err *e)
{
	struct file_stat to;
	return w->st.nlink == 1 && file_stat(w->to_dir, &to, e, w->to) == 0 && to.dev == w->st.dev;
}

/* What is there already is our own copy when it is the same to the byte: then only the last step is left to do. */
static int check_dest(struct way *w, struct err *e)
{
	FD_AUTO there = -1;
	struct file_stat st;
	struct inside_copied ours, theirs;
	struct err ignored = ERR_INIT;
	w->has_arrived = dir_open_file(w->to_dir, w->to, &there, &ignored) == 0 &&
	                 file_stat(there, &st, &ignored, w->to) == 0 &&
	                 st.size_bytes == w->st.size_bytes && !is_same(w, w->to_dir, w->to) &&
	                 inside_copy(there, -1, UINT64_MAX, NULL, &theirs, &ignored, w->to) == 0 &&
	                 inside_copy(w->fd, -1, UINT64_MAX, NULL, &ours, &ignored, w->path) == 0 &&
	                 strcmp(ours.sha256, theirs.sha256) == 0;
	if (!w->has_arrived)
		return err_set(e, ERR_KIND_CONFLICT, "%s is there already; nothing is replaced",
		               w->to);
	return file_sync(there, e, w->to);
}

static int open_way(const struct inside *in, struct way *w, struct err *e)
{
	if (inside_check_path(w->path, e) != 0 ||
	    dir_open_parent(in->fd, w->path, &w->from_dir, w->from, e) != 0 ||
	    dir_open_file(w->from_dir, w->from, &w->fd, e) != 0 ||
	    file_stat(w->fd, &w->st, e, w->path) != 0)
		return -1;
	int there = dir_exists(w->to_dir, w->to, e);
	return there > 0 ? check_dest(w, e) : there;
}

static void close_way(struct way *w)
{
	file_close_auto(&w->fd);
	file_close_auto(&w->from_dir);
}

static int go(const struct way *w, struct inside_copied *out, struct err *e)
{
	struct err why = ERR_INIT;
	if (w->has_arrived)
		return leave_copy(w, e);
	if (!can_be_renamed(w, &why))
		return move_by_copy(w, out, e);
	/* Two mounts of one file system have one device number and no rename between them. */
	if (move_by_rename(w, &why) == 0)
		return 0;
	if (why.kind == ERR_KIND_IO)
		return move_by_copy(w, out, e);
	*e = why;
	return -1;
}

/* Where it is to be found, whatever directory the caller was in; without /proc its name is all there is. */
static struct js *what_moved(const struct way *w, const struct inside_copied *out)
{
	struct js *fields = js_object();
	MEM_AUTO char *link = mem_printf("/proc/self/fd/%d", w->to_dir);
	char *dir = realpath(link, NULL);
	MEM_AUTO char *to = mem_printf("%s%s%s", dir ? dir : "", dir ? "/" : "", w->to);
	free(dir);
	js_set_path(fields, "path", str_of(w->path));
	js_set_path(fields, "to", str_of(to));
	js_set_int(fields, "size", (int64_t)out->size_bytes);
	if (out->sha256[0])
		js_set_text(fields, "sha256", out->sha256);
	return fields;
}

int inside_move(const struct inside *in, const char *path, int to, const char *name,
                struct inside_copied *out, struct err *e)
{
	AUTO(close_way)
	struct way w = { .path = path,
		         .progress = in->progress,
		         .from_dir = -1,
		         .to_dir = to,
		         .to = name,
		         .fd = -1 };
	if (open_way(in, &w, e) != 0)
		return -1;
	*out = (struct inside_copied){ .size_bytes = w.st.size_bytes };
	if (in->dry_run)
		return 0;
	if (go(&w, out, e) != 0)
		return -1;
	journal_add(in->base, "move-out", in->record.id, what_moved(&w, out));
	return dir_sync(w.to_dir, e) != 0 ? -1 : dir_sync(w.from_dir, e);
}
