/* Listing a directory, and renaming without replacing on file systems that can't by themselves. */
#include "os/dir_names.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "os/dents.h"
#include "os/file_meta.h"

enum { NAMES_READ_BYTES = 32 * 1024 };

int dir_names_read(int fd, size_t max_entries, struct buf *out, size_t *count)
{
	MEM_AUTO char *bytes = mem_new(NAMES_READ_BYTES, 1);
	struct dents in = dents_make(fd, bytes, NAMES_READ_BYTES);
	struct dents_entry entry;
	int more;
	*count = 0;
	while ((more = dents_next(&in, &entry)) > 0) {
		if (++*count > max_entries) {
			errno = E2BIG;
			return -1;
		}
		buf_add(out, entry.name, entry.name_len + 1);
	}
	return more;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char **dir_names_sorted(const struct buf *names, size_t count)
{
	size_t pointers = (count + 1) * sizeof(char *);
	char **list = mem_new(pointers + names->len, 1);
	char *text = (char *)list + pointers;
	if (names->len > 0)
		memcpy(text, names->p, names->len);
	for (size_t i = 0; i < count; i++) {
		list[i] = text;
		text += strlen(text) + 1;
	}
	qsort(list, count, sizeof(char *), by_bytes);
	return list;
}

/* A second name fails when `to` is there, whoever is faster; then the first name goes. */
static int link_and_unlink(int from_dir, const char *from, int to_dir, const char *to)
{
	if (linkat(from_dir, from, to_dir, to, 0) != 0)
		return -1;
	if (unlinkat(from_dir, from, 0) == 0)
		return 0;
	int number = errno;
	unlinkat(to_dir, to, 0);
	errno = number;
	return -1;
}

/* For directories (rename refuses a full one anyway) and where there are no hard links. */
static int check_and_rename(int from_dir, const char *from, int to_dir, const char *to)
{
	struct file_stat there;
	if (file_meta_at(to_dir, to, &there) == 0) {
		errno = EEXIST;
		return -1;
	}
	return errno == ENOENT ? renameat(from_dir, from, to_dir, to) : -1;
}

int dir_names_move(int from_dir, const char *from, int to_dir, const char *to)
{
	struct file_stat st;
	if (file_meta_at(from_dir, from, &st) != 0)
		return -1;
	if (file_is_dir(&st))
		return check_and_rename(from_dir, from, to_dir, to);
	if (link_and_unlink(from_dir, from, to_dir, to) == 0)
		return 0;
	/* EPERM and its like: a file system without hard links, or a file that we may not link. */
	if (errno != EPERM && errno != EOPNOTSUPP && errno != EMLINK && errno != ENOSYS)
		return -1;
	return check_and_rename(from_dir, from, to_dir, to);
}
