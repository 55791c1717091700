/* Keys of a file store in byte order, one directory of each level in memory. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "os/dir.h"
#include "store/store_file.h"

enum { LEVEL_NAMES_MAX = 10 * 1000 * 1000 };

/* One directory on the way down. `names` are those of directories with '/' at the end, so that sorting by bytes
 * gives the order of keys: "a.txt" comes before "a/b", and both after "a". */
struct level {
	char **names;
	size_t count, at;
	size_t path_len; /* of the directory's own path */
};

struct file_list {
	struct store_list base;
	int fd; /* the store; -1: there is none, and nothing in it */
	char *prefix;
	struct buf path; /* directory, '/', name: the key */
	struct level *levels;
	size_t depth;
};

static struct file_list *self(struct store_list *l)
{
	return (struct file_list *)(void *)l;
}

static int compare_names(const void *a, const void *b)
{
	const char *const *x = a;
	const char *const *y = b;
	return strcmp(*x, *y);
}

/* Whether a key that starts with `path` can start with `prefix`, or does. */
static bool may_match(const struct file_list *l, struct str path)
{
	struct str prefix = str_of(l->prefix);
	return str_starts(path, prefix) || str_starts(prefix, path);
}

/* The names of the directory at l->path as a level: each a copy, "/" added to directories. */
static int load(struct file_list *l, char **names, size_t count, int dirfd, struct level *level,
                struct err *e)
{
	level->names = mem_new(count + 1, sizeof(char *));
	for (size_t i = 0; i < count; i++) {
		struct file_stat st;
		struct err why = ERR_INIT;
		if (store_file_is_own(str_of(names[i])))
			continue;
		if (dir_stat(dirfd, names[i], &st, &why) != 0) {
			if (why.kind == ERR_KIND_NOT_FOUND)
				continue; /* deleted meanwhile */
			*e = why;
			return -1;
		}
		if (file_is_dir(&st))
			level->names[level->count++] = mem_printf("%s/", names[i]);
		else if (file_is_regular(&st))
			level->names[level->count++] = mem_text(names[i]);
	}
	qsort(level->names, level->count, sizeof(char *), compare_names);
	level->path_len = l->path.len;
	return 0;
}

static void free_level(struct level *level)
{
	for (size_t i = 0; i < level->count; i++)
		mem_free(level->names[i]);
	mem_free(level->names);
}

/* Go into the directory at l->path. */
static int descend(struct file_list *l, struct err *e)
{
	FD_AUTO dirfd = -1;
	char **names;
	size_t count;
	if (dir_open(l->fd, l->path.p, &dirfd, e) != 0 ||
	    dir_list(dirfd, LEVEL_NAMES_MAX, &names, &count, e) != 0)
		return -1;
	struct level level = { .names = NULL };
	int result = load(l, names, count, dirfd, &level, e);
	mem_free(names);
	if (result != 0) {
		free_level(&level);
		return -1;
	}
	l->levels = mem_grow(l->levels, l->depth + 1, sizeof(*l->levels));
	l->levels[l->depth++] = level;
	return 0;
}

static void ascend(struct file_list *l)
{
	free_level(&l->levels[--l->depth]);
}

/* The next name of the innermost directory into l->path; false when it has none left. */
static bool advance(struct file_list *l)
{
	struct level *level = &l->levels[l->depth - 1];
	buf_truncate(&l->path, level->path_len);
	if (level->at == level->count)
		return false;
	buf_add_text(&l->path, level->names[level->at++]);
	return true;
}

/* Fill *entry for the object at l->path: 1, or 0 when it is gone. */
static int describe(const struct file_list *l, struct store_list_entry *entry, struct err *e)
{
	struct file_stat st;
	struct store_object object;
	struct err why = ERR_INIT;
	if (dir_stat(l->fd, l->path.p, &st, &why) != 0) {
		if (why.kind == ERR_KIND_NOT_FOUND)
			return 0;
		*e = why;
		return -1;
	}
	store_file_object(&st, &object);
	entry->key = l->path.p;
	entry->size_bytes = object.id.size_bytes;
	entry->modified_ms = object.modified_ms;
	return 1;
}

/* One name: 1 and *entry when it is an object to report, 0 otherwise. */
static int visit(struct file_list *l, struct store_list_entry *entry, struct err *e)
{
	struct str path = buf_str(&l->path);
	if (buf_check(&l->path, e, "a key") != 0)
		return -1;
	if (!may_match(l, path))
		return 0;
	if (str_ends(path, S("/")))
		return descend(l, e);
	return str_starts(path, str_of(l->prefix)) ? describe(l, entry, e) : 0;
}

static int file_list_next(struct store_list *base, struct store_list_entry *entry, struct err *e)
{
	struct file_list *l = self(base);
	while (l->depth > 0) {
		if (!advance(l)) {
			ascend(l);
			continue;
		}
		int result = visit(l, entry, e);
		if (result != 0)
			return result;
	}
	return 0;
}

static void file_list_close(struct store_list *base)
{
	struct file_list *l = self(base);
	while (l->depth > 0)
		ascend(l);
	mem_free(l->levels);
	mem_free(l->prefix);
	buf_free(&l->path);
	file_close_auto(&l->fd);
	mem_free(l);
}

int store_file_list(int fd, const char *prefix, struct store_list **out, struct err *e)
{
	struct file_list *l = mem_new(1, sizeof(*l));
	l->base = (struct store_list){ file_list_next, file_list_close };
	l->fd = -1;
	l->prefix = mem_text(prefix);
	l->path = buf_make(STORE_URL_MAX);
	*out = &l->base;
	if (fd < 0 || (dir_open(fd, ".", &l->fd, e) == 0 && descend(l, e) == 0))
		return 0;
	file_list_close(*out);
	*out = NULL;
	return -1;
}
