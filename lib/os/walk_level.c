/* The names of one directory, in memory that is used again for the next one. */
#include "os/walk_level.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "os/dents.h"
#include "os/file_meta.h"

enum { TEXT_CAP_MIN = 512, NAMES_CAP_MIN = 32 };

int walk_level_begin(struct walk_level *l, int fd, size_t path_len)
{
	l->fd = fd;
	l->path_len = path_len;
	l->more = true;
	l->count = l->next = l->text_len = 0;
	if (file_meta_fd(fd, &l->self) == 0)
		return 0;
	walk_level_close(l);
	return -1;
}

static int add_name(struct walk_level *l, const struct dents_entry *entry)
{
	size_t end = l->text_len + entry->name_len + 1;
	if (end > UINT32_MAX) {
		errno = EOVERFLOW;
		return -1;
	}
	if (end > l->text_cap) {
		l->text_cap = end * 2 > TEXT_CAP_MIN ? end * 2 : TEXT_CAP_MIN;
		l->text = mem_grow(l->text, l->text_cap, 1);
	}
	if (l->count == l->names_cap) {
		l->names_cap = l->names_cap > 0 ? l->names_cap * 2 : NAMES_CAP_MIN;
		l->names = mem_grow(l->names, l->names_cap, sizeof(l->names[0]));
	}
	memcpy(l->text + l->text_len, entry->name, entry->name_len + 1);
	l->names[l->count++] = (struct walk_level_name){
		.at = (uint32_t)l->text_len,
		.len = (uint16_t)entry->name_len,
		.type = entry->type,
	};
	l->text_len = end;
	return 0;
}

int walk_level_read(struct walk_level *l, bool all, char *scratch, size_t cap)
{
	if (l->next == l->count)
		l->count = l->next = l->text_len = 0;
	struct dents in = dents_make(l->fd, scratch, cap);
	struct dents_entry entry;
	do {
		int rc = dents_next(&in, &entry);
		l->more = rc > 0;
		if (rc > 0)
			rc = add_name(l, &entry);
		if (rc < 0)
			l->more = false;
		if (!l->more)
			return rc;
	} while (all || !dents_empty(&in));
	return 0;
}

static int by_bytes(const void *a, const void *b, void *arg)
{
	const char *text = arg;
	const struct walk_level_name *x = a;
	const struct walk_level_name *y = b;
	return strcmp(text + x->at, text + y->at);
}

/* The byte of the key at `i`. */
static int key_byte(const struct walk_level_name *name, const char *text, size_t i)
{
	if (i < name->len)
		return (unsigned char)text[name->at + i];
	return name->type == DT_DIR ? '/' : '\0';
}

static int by_keys(const void *a, const void *b, void *text)
{
	const struct walk_level_name *x = a, *y = b;
	size_t i = 0;
	while (i < x->len && i < y->len && key_byte(x, text, i) == key_byte(y, text, i))
		i++;
	return key_byte(x, text, i) - key_byte(y, text, i);
}

static void learn_types(struct walk_level *l)
{
	struct file_stat st;
	for (size_t i = 0; i < l->count; i++)
		if (l->names[i].type == DT_UNKNOWN &&
		    file_meta_at(l->fd, l->text + l->names[i].at, &st) == 0)
			l->names[i].type = file_is_dir(&st) ? DT_DIR : DT_UNKNOWN;
}

void walk_level_sort(struct walk_level *l, bool as_keys)
{
	if (as_keys)
		learn_types(l);
	if (l->count > 1)
		qsort_r(l->names, l->count, sizeof(l->names[0]), as_keys ? by_keys : by_bytes,
		        l->text);
}

void walk_level_close(struct walk_level *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

void walk_level_free(struct walk_level *l)
{
	walk_level_close(l);
	mem_free(l->text);
	mem_free(l->names);
}
