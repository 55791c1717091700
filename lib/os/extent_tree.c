/* Blocks that the files of a tree share with others. */
#include "base/inodes.h"
#include "os/dir.h"
#include "os/extent.h"
#include "os/walk.h"

static int add_shared(const struct walk_entry *entry, struct inodes *seen, uint64_t *bytes,
                      struct err *e)
{
	const struct file_stat *st = &entry->stat;
	uint64_t shared = 0;
	if (!file_is_regular(st) || st->allocated_bytes == 0 ||
	    (st->nlink > 1 && !inodes_add(seen, st->dev, st->ino)))
		return 0;
	FD_AUTO fd = -1;
	if (dir_open_file(entry->dirfd, entry->name, &fd, e) ||
	    extent_shared(fd, &shared, e, entry->name))
		return -1;
	*bytes += shared;
	return 0;
}

int extent_tree_shared(int dirfd, const char *name, uint64_t *bytes, struct err *e)
{
	FD_AUTO fd = -1;
	WALK_AUTO w = NULL;
	INODES_AUTO seen = { .cap = 0 };
	const struct walk_options how = { .one_file_system = true, .unsorted = true };
	struct walk_entry entry;
	int got = 0;
	*bytes = 0;
	if (dir_open(dirfd, name, &fd, e))
		return -1;
	if (!extent_can_share(fd))
		return 0;
	if (walk_open(fd, &how, &w, e))
		return -1;
	while ((got = walk_next(w, &entry, e)) > 0) {
		if (add_shared(&entry, &seen, bytes, e))
			return -1;
	}
	return got;
}
