/* Where the directory of a workspace is now. */
#include "ws/place.h"

#include "base/mem.h"
#include "os/dir.h"

/* Whether `name` is in an area, which itself may be missing: 1, 0, -1. */
static int in_area(const struct base_dir *b, const char *area, const char *name, struct err *e)
{
	MEM_AUTO char *path = mem_printf("%s/%s", area, name);
	return dir_exists(b->ws_fd, path, e);
}

/* Whether the directory has no entries: 1, 0, -1. */
static int is_empty(int parent, const char *name, struct err *e)
{
	FD_AUTO fd = -1;
	char **names;
	size_t count;
	struct err why = ERR_INIT;
	if (dir_open(parent, name, &fd, e) != 0)
		return -1;
	/* More than one name is an error here, and an answer. */
	if (dir_list(fd, 1, &names, &count, &why) != 0)
		return why.kind == ERR_KIND_DATA ? 0 : (*e = why, -1);
	mem_free(names);
	return count == 0;
}

/* An empty directory that is not the one we made is what `docker run -v` and others leave where a workspace was
 * deleted. Taken for the workspace it would be saved over what the store has (law 1). */
static int look_at_dir(const struct base_dir *b, const char *id, const struct record *record,
                       struct place *out, struct err *e)
{
	struct file_stat st;
	struct err why = ERR_INIT;
	if (dir_stat(b->fd, id, &st, &why) != 0) {
		if (why.kind == ERR_KIND_NOT_FOUND)
			return 0;
		*e = why;
		return -1;
	}
	out->is_made = record && file_is_dir(&st) && record->root_ino == (int64_t)st.ino;
	out->stray = !record || !file_is_dir(&st);
	if (!out->stray && !out->is_made && record->root_ino != 0) {
		int empty = is_empty(b->fd, id, e);
		if (empty < 0)
			return -1;
		out->stray = empty;
	}
	out->dir = !out->stray;
	return 0;
}

int place_look(const struct base_dir *b, const char *id, const struct record *record,
               struct place *out, struct err *e)
{
	*out = (struct place){ .dir = false };
	if (look_at_dir(b, id, record, out, e) != 0)
		return -1;
	int spool = in_area(b, "spool", id, e);
	int trash = spool >= 0 && record && record->trash_name[0]
	                    ? in_area(b, "trash", record->trash_name, e)
	                    : 0;
	if (spool < 0 || trash < 0)
		return -1;
	out->spool = spool;
	out->trash = trash;
	return 0;
}
