/* Copies from the source. */
#include <string.h>

#include "base/mem.h"
#include "os/attr.h"
#include "os/copy.h"
#include "os/dir.h"
#include "os/log.h"
#include "os/node.h"
#include "os/walk.h"
#include "ws/link.h"

/* A file is nobody else's until it has its own mode: it may be a secret. */
static int copy_file(int from_dir, const char *from_name, int to_dir, const char *name,
                     const struct file_stat *st, struct link_copied *out, struct err *e)
{
	FD_AUTO from = -1, to = -1;
	uint64_t copied = 0;
	bool shared = false;
	if (dir_open_file(from_dir, from_name, &from, e) != 0 ||
	    dir_create_file(to_dir, name, 0600, &to, e) != 0 ||
	    copy_data(from, to, &copied, &shared, e, name) != 0 ||
	    attr_set_mode(to, st->mode & 0777, e, name) != 0 ||
	    node_set_mtime(to, st->mtime_s, st->mtime_ns, e, name) != 0)
		return -1;
	out->files++;
	out->bytes += copied;
	out->shared_bytes += shared ? copied : 0;
	return file_close(file_take(&to), e);
}

static int copy_symlink(int from_dir, const char *from_name, int to_dir, const char *name,
                        const struct file_stat *st, struct err *e)
{
	BUF_AUTO target = buf_make(8192);
	if (dir_read_link(from_dir, from_name, &target, e) != 0 ||
	    buf_check(&target, e, from_name) != 0)
		return -1;
	if (node_make_symlink(to_dir, name, target.p, e) != 0)
		return -1;
	return node_set_mtime_at(to_dir, name, st->mtime_s, st->mtime_ns, e);
}

static int finish_dir(int fd, const char *name, const struct file_stat *st, struct err *e)
{
	if (attr_set_mode(fd, st->mode & 0777, e, name) != 0)
		return -1;
	return node_set_mtime(fd, st->mtime_s, st->mtime_ns, e, name);
}

/* One entry: sockets and the like are left out. */
static int copy_entry(const struct walk_entry *at, int to, struct link_copied *out, struct err *e)
{
	FD_AUTO parent = -1;
	char name[DIR_NAME_MAX + 1];
	const struct file_stat *st = &at->stat;
	if (dir_open_parent(to, at->path, &parent, name, e) != 0)
		return -1;
	if (file_is_dir(st) && !at->after)
		return node_make_dir(parent, name, 0700, e);
	if (file_is_dir(st)) {
		FD_AUTO made = -1;
		return dir_open(parent, name, &made, e) != 0 ? -1 : finish_dir(made, name, st, e);
	}
	if (file_is_symlink(st))
		return copy_symlink(at->dirfd, at->name, parent, name, st, e);
	return file_is_regular(st) ? copy_file(at->dirfd, at->name, parent, name, st, out, e) : 0;
}

static int copy_tree(int from, int to, struct link_copied *out, struct err *e)
{
	WALK_AUTO walk = NULL;
	struct walk_entry at;
	const struct walk_options options = { .directories_after = true, .one_file_system = true };
	int more;
	if (walk_open(from, &options, &walk, e) != 0)
		return -1;
	while ((more = walk_next(walk, &at, e)) > 0) {
		if (copy_entry(&at, to, out, e) != 0)
			return -1;
	}
	return more;
}

static int copy(int top, const char *path, const struct file_stat *st, int to,
                struct link_copied *out, struct err *e)
{
	FD_AUTO parent = -1, made = -1, from = -1;
	char name[DIR_NAME_MAX + 1];
	struct str above;
	str_cut_last(str_of(path), '/', &above, NULL);
	MEM_AUTO char *directory = mem_str(above);
	if (dir_make(to, directory, 0755, &made, e) != 0 ||
	    dir_open_parent(to, path, &parent, name, e) != 0)
		return -1;
	if (file_is_regular(st))
		return copy_file(top, path, parent, name, st, out, e);
	if (file_is_symlink(st))
		return copy_symlink(top, path, parent, name, st, e);
	if (!file_is_dir(st))
		return err_set(e, ERR_KIND_USAGE, "neither a file nor a directory");
	FD_AUTO into = -1;
	if (dir_open(top, path, &from, e) != 0 || dir_make(parent, name, 0700, &into, e) != 0 ||
	    copy_tree(from, into, out, e) != 0)
		return -1;
	return finish_dir(into, name, st, e);
}

int link_copy(int fd, const char *source, const char *path, struct link_copied *out, struct err *e)
{
	FD_AUTO top = -1;
	struct file_stat st;
	struct err why = ERR_INIT;
	MEM_AUTO char *clean = mem_text(path);
	while (str_ends(str_of(clean), S("/")))
		clean[strlen(clean) - 1] = '\0';
	if (link_check("--copy", path, e) != 0 || dir_open_root(source, &top, e) != 0)
		return -1;
	int there = dir_exists(fd, clean, e);
	if (there != 0)
		return there < 0 ? -1 : 0;
	if (dir_stat(top, clean, &st, &why) != 0) {
		log_warn("--copy %s: not copied: %s", path, why.msg);
		return 0;
	}
	return copy(top, clean, &st, fd, out, e) != 0 ? err_context(e, "--copy %s", path) : 0;
}
