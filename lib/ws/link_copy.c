/* Copies from the source. */
#include "base/mem.h"
#include "base/num.h"
#include "os/attr.h"
#include "os/copy.h"
#include "os/dir.h"
#include "os/log.h"
#include "os/node.h"
#include "os/walk.h"
#include "pack/secrets.h"
#include "ws/link.h"

enum { PATH_TEXT_MAX = 8192 };

/* One path at work. */
struct copying {
	struct link_copied *out;
	struct buf path; /* of the entry, below the source */
	size_t top_len;  /* how much of it was said */
};

static void free_path(struct copying *c)
{
	buf_free(&c->path);
}

static int copy_content(const struct copying *c, int from, int to, uint64_t size_bytes,
                        struct err *e)
{
	struct link_copied *out = c->out;
	char limit[NUM_TEXT_MAX];
	uint64_t copied;
	if (copy_share(from, to)) {
		out->shared_bytes += size_bytes;
		return 0;
	}
	if (out->bytes > out->max_bytes || size_bytes > out->max_bytes - out->bytes)
		return err_set(e, ERR_KIND_DATA,
		               "with it more than %s would be copied; --copy-max allows more, and "
		               "--link shares a directory instead",
		               num_format_size(out->max_bytes, limit));
	if (copy_bytes(from, to, &copied, e, c->path.p) != 0)
		return -1;
	out->bytes += copied;
	return 0;
}

/* A file is nobody else's until it has its own mode: it may be a secret, which is nobody else's ever. */
static int copy_file(struct copying *c, int from_dir, const char *from_name, int to_dir,
                     const char *name, const struct file_stat *st, struct err *e)
{
	FD_AUTO from = -1, to = -1;
	uint32_t mode = st->mode & (secrets_match(buf_str(&c->path)) ? 0700 : 0777);
	if (dir_open_file(from_dir, from_name, &from, e) != 0 ||
	    dir_create_file(to_dir, name, 0600, &to, e) != 0 ||
	    copy_content(c, from, to, st->size_bytes, e) != 0 ||
	    attr_set_mode(to, mode, e, name) != 0 ||
	    node_set_mtime(to, st->mtime_s, st->mtime_ns, e, name) != 0)
		return -1;
	c->out->files++;
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
static int copy_entry(struct copying *c, const struct walk_entry *at, int to, struct err *e)
{
	FD_AUTO parent = -1;
	char name[DIR_NAME_MAX + 1];
	const struct file_stat *st = &at->stat;
	buf_truncate(&c->path, c->top_len);
	buf_printf(&c->path, "/%s", at->path);
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
	return file_is_regular(st) ? copy_file(c, at->dirfd, at->name, parent, name, st, e) : 0;
}

static int copy_tree(struct copying *c, int from, int to, struct err *e)
{
	WALK_AUTO walk = NULL;
	struct walk_entry at;
	const struct walk_options options = { .directories_after = true, .one_file_system = true };
	int more;
	if (walk_open(from, &options, &walk, e) != 0)
		return -1;
	while ((more = walk_next(walk, &at, e)) > 0) {
		if (copy_entry(c, &at, to, e) != 0)
			return err_context(e, "%s", at.path);
	}
	return more;
}

static int copy(struct copying *c, int top, const struct file_stat *st, int to, struct err *e)
{
	const char *path = c->path.p;
	FD_AUTO parent = -1, made = -1, from = -1;
	char name[DIR_NAME_MAX + 1];
	struct str above;
	str_cut_last(str_of(path), '/', &above, NULL);
	MEM_AUTO char *directory = mem_str(above);
	if (dir_make(to, directory, 0755, &made, e) != 0 ||
	    dir_open_parent(to, path, &parent, name, e) != 0)
		return -1;
	if (file_is_regular(st))
		return copy_file(c, top, path, parent, name, st, e);
	if (file_is_symlink(st))
		return copy_symlink(top, path, parent, name, st, e);
	if (!file_is_dir(st))
		return err_set(e, ERR_KIND_USAGE, "neither a file nor a directory");
	FD_AUTO into = -1;
	if (dir_open(top, path, &from, e) != 0 || dir_make(parent, name, 0700, &into, e) != 0 ||
	    copy_tree(c, from, into, e) != 0)
		return -1;
	return finish_dir(into, name, st, e);
}

int link_copy(int fd, const char *source, const char *path, struct link_copied *out, struct err *e)
{
	FD_AUTO top = -1;
	struct file_stat st;
	struct err why = ERR_INIT;
	AUTO(free_path) struct copying c = { .out = out, .path = buf_make(PATH_TEXT_MAX) };
	buf_add_str(&c.path, link_clean(path));
	c.top_len = c.path.len;
	if (link_check("--copy", path, e) != 0 || buf_check(&c.path, e, "--copy") != 0 ||
	    dir_open_root(source, &top, e) != 0)
		return -1;
	int there = dir_exists(fd, c.path.p, e);
	if (there != 0)
		return there < 0 ? -1 : 0;
	if (dir_stat(top, c.path.p, &st, &why) != 0) {
		log_warn("--copy %s: not copied: %s", path, why.msg);
		return 0;
	}
	return copy(&c, top, &st, fd, e) != 0 ? err_context(e, "--copy %s", path) : 0;
}
