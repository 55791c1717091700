/* The file store: keys are paths below one held directory. */
#include "store/store_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "os/dir.h"
#include "os/lock.h"

/* Other commits are waited for this long; each lasts for a rename and two syncs. */
enum { COMMIT_WAIT_MS = 60 * 1000 };

/* The longest component whose ".NAME.ws-meta" is a name, too. */
enum { COMPONENT_MAX = 240 };

struct file_store {
	struct store base;
	char *path;
	int fd; /* -1: not opened yet */
};

static struct file_store *self(struct store *s)
{
	return (struct file_store *)(void *)s;
}

bool store_file_is_own(struct str name)
{
	return str_starts(name, S(STORE_FILE_OWN_PREFIX)) ||
	       (str_starts(name, S(".")) && str_ends(name, S(".ws-meta")));
}

static int check_components(const char *key, struct err *e)
{
	struct str rest = str_of(key);
	struct str component;
	bool more = true;
	while (more) {
		more = str_cut(rest, '/', &component, &rest);
		if (component.len > COMPONENT_MAX)
			return err_set(e, ERR_KIND_USAGE, "key with a component over %d bytes",
			               (int)COMPONENT_MAX);
		if (store_file_is_own(component))
			return err_set(e, ERR_KIND_USAGE,
			               "\"%" STR_FMT "\" is a name of the store itself",
			               STR_ARG(component));
	}
	return 0;
}

/* Reading finds nothing in a store that is not there yet; one that is something else is an error. */
static int open_dir(struct file_store *s, bool make, struct err *e)
{
	struct err why = ERR_INIT;
	if (s->fd >= 0)
		return 0;
	if ((make ? dir_make_root(s->path, &s->fd, &why) : dir_open_root(s->path, &s->fd, &why)) ==
	    0)
		return 0;
	if (why.kind == ERR_KIND_NOT_FOUND && why.sys_errno != ENOENT)
		return err_set(e, ERR_KIND_CONFIG, "%s: not a directory", s->path);
	*e = why;
	return -1;
}

void store_file_object(const struct file_stat *st, struct store_object *out)
{
	uint64_t mtime_ns = (uint64_t)st->mtime_s * 1000000000 + st->mtime_ns;
	*out = (struct store_object){
		.id = { .size_bytes = st->size_bytes },
		.modified_ms = st->mtime_s * 1000 + st->mtime_ns / 1000000,
	};
	snprintf(out->id.etag, sizeof(out->id.etag), "%llx-%llx-%llx", (unsigned long long)st->ino,
	         (unsigned long long)st->size_bytes, (unsigned long long)mtime_ns);
}

/* Directories are what keys lie in; all else that is no plain file was not put here by us. */
static int check_is_object(const struct file_stat *st, struct err *e)
{
	if (file_is_regular(st))
		return 0;
	if (file_is_dir(st))
		return err_set(e, ERR_KIND_NOT_FOUND, "no such object");
	return err_set(e, ERR_KIND_DATA, "not a plain file");
}

static int file_store_stat(struct store *base, const char *key, struct store_object *out,
                           struct err *e)
{
	struct file_store *s = self(base);
	FD_AUTO parent = -1;
	char name[DIR_NAME_MAX + 1];
	struct file_stat st;
	if (check_components(key, e) != 0 || open_dir(s, false, e) != 0 ||
	    dir_open_parent(s->fd, key, &parent, name, e) != 0 ||
	    dir_stat(parent, name, &st, e) != 0 || check_is_object(&st, e) != 0)
		return -1;
	store_file_object(&st, out);
	store_file_meta_read(parent, name, &st, out->save_id);
	return 0;
}

static int file_store_source(struct store *base, const char *key, struct source **out,
                             struct store_object *object, struct err *e)
{
	struct file_store *s = self(base);
	FD_AUTO parent = -1, fd = -1;
	char name[DIR_NAME_MAX + 1], shown[STORE_URL_MAX];
	struct file_stat st;
	if (check_components(key, e) != 0 || open_dir(s, false, e) != 0 ||
	    dir_open_parent(s->fd, key, &parent, name, e) != 0 ||
	    dir_stat(parent, name, &st, e) != 0 || check_is_object(&st, e) != 0 ||
	    dir_open_file(parent, name, &fd, e) != 0 || file_stat(fd, &st, e, key) != 0)
		return -1;
	store_file_object(&st, object);
	store_file_meta_read(parent, name, &st, object->save_id);
	return store_file_source(&fd, store_key_url(base, key, shown, sizeof(shown)), out, e);
}

/* Make the directory of a key, and its name durable in each directory above. */
static int make_parent(int root, const char *key, int *parent, char name[DIR_NAME_MAX + 1],
                       struct err *e)
{
	struct err absent = ERR_INIT;
	if (dir_open_parent(root, key, parent, name, &absent) == 0)
		return 0;
	struct str head, tail;
	str_cut_last(str_of(key), '/', &head, &tail);
	MEM_AUTO char *path = mem_str(head);
	FD_AUTO made = -1;
	if (dir_make(root, path, 0700, &made, e) != 0 || dir_sync(root, e) != 0)
		return -1;
	for (char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		FD_AUTO above = -1;
		*slash = '\0';
		if (dir_open(root, path, &above, e) != 0 || dir_sync(above, e) != 0)
			return -1;
		*slash = '/';
	}
	return dir_open_parent(root, key, parent, name, e);
}

static int file_store_sink(struct store *base, const char *key, const struct store_put *put,
                           struct sink **out, struct err *e)
{
	struct file_store *s = self(base);
	FD_AUTO parent = -1;
	char name[DIR_NAME_MAX + 1], shown[STORE_URL_MAX];
	if (check_components(key, e) != 0 || open_dir(s, true, e) != 0 ||
	    make_parent(s->fd, key, &parent, name, e) != 0)
		return -1;
	const struct store_file_sink_at at = {
		.parent = parent,
		.lock_dir = s->fd,
		.name = name,
		.shown = store_key_url(base, key, shown, sizeof(shown)),
		.mode = 0600,
	};
	return store_file_sink(&at, put, out, e);
}

static int remove_locked(int parent, const char *name, struct err *e)
{
	if (dir_unlink(parent, name, e) != 0 || store_file_meta_remove(parent, name, e) != 0)
		return -1;
	return dir_sync(parent, e);
}

static int file_store_remove(struct store *base, const char *key, struct err *e)
{
	struct file_store *s = self(base);
	FD_AUTO parent = -1;
	char name[DIR_NAME_MAX + 1];
	struct err why = ERR_INIT;
	if (check_components(key, e) != 0)
		return -1;
	if (open_dir(s, false, &why) != 0 ||
	    dir_open_parent(s->fd, key, &parent, name, &why) != 0) {
		if (why.kind == ERR_KIND_NOT_FOUND)
			return 0;
		*e = why;
		return -1;
	}
	LOCK_AUTO lock = LOCK_NONE;
	if (lock_take(s->fd, STORE_FILE_LOCK, COMMIT_WAIT_MS, &lock, e) != 0)
		return -1;
	return remove_locked(parent, name, e);
}

static bool file_store_is_conditional(struct store *base, const char *if_etag, bool is_small)
{
	(void)base; /* commits compare and rename under the store's lock */
	(void)if_etag;
	(void)is_small;
	return true;
}

static int file_store_list(struct store *base, const char *prefix, struct store_list **out,
                           struct err *e)
{
	struct file_store *s = self(base);
	struct err why = ERR_INIT;
	if (open_dir(s, false, &why) == 0)
		return store_file_list(s->fd, prefix, out, e);
	if (why.kind == ERR_KIND_NOT_FOUND)
		return store_file_list(-1, prefix, out, e);
	*e = why;
	return -1;
}

static void file_store_close(struct store *base)
{
	struct file_store *s = self(base);
	file_close_auto(&s->fd);
	mem_free(s->path);
	mem_free(s);
}

struct store *store_file_open(struct str path)
{
	static const struct store_backend backend = {
		.stat = file_store_stat,
		.source = file_store_source,
		.sink = file_store_sink,
		.is_conditional = file_store_is_conditional,
		.remove = file_store_remove,
		.list = file_store_list,
		.close = file_store_close,
	};
	struct file_store *s = mem_new(1, sizeof(*s));
	s->base.backend = &backend;
	s->path = mem_str(path);
	s->fd = -1;
	return &s->base;
}
