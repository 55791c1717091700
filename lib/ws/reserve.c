/* The reserve of a base. */
#include "ws/reserve.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "os/dir.h"
#include "os/file.h"

static const char reserve_file[] = "reserve";

enum { INODES = 8, NAME_MAX_BYTES = 16 };

/* One with an inode alone. No id begins with a dot. */
static const char *inode_file(int number, char name[NAME_MAX_BYTES])
{
	snprintf(name, NAME_MAX_BYTES, ".reserve-%d", number);
	return name;
}

/* Not zeros: file systems may store those as nothing. */
void reserve_make(const struct base_dir *b)
{
	struct err ignored = ERR_INIT;
	char name[NAME_MAX_BYTES];
	if (dir_exists(b->ws_fd, reserve_file, &ignored) != 0)
		return;
	for (int i = 1; i < INODES; i++) {
		FD_AUTO fd = -1;
		if (dir_create_file(b->ws_fd, inode_file(i, name), 0600, &fd, &ignored) != 0)
			err_clear(&ignored);
	}
	MEM_AUTO char *bytes = mem_new(RESERVE_BYTES, 1);
	memset(bytes, 'r', RESERVE_BYTES);
	int result = dir_replace_file(b->ws_fd, reserve_file, bytes, RESERVE_BYTES, 0600, &ignored);
	(void)result;
}

void reserve_release(const struct base_dir *b)
{
	struct err ignored = ERR_INIT;
	struct dir_space space;
	char name[NAME_MAX_BYTES];
	if (dir_space(b->ws_fd, &space, &ignored) != 0)
		return;
	bool few_inodes = space.total_inodes > 0 && space.free_inodes < INODES;
	if (space.free_bytes >= 4 * (uint64_t)RESERVE_BYTES && !few_inodes)
		return;
	int result = dir_unlink(b->ws_fd, reserve_file, &ignored);
	for (int i = 1; i < INODES; i++)
		result = dir_unlink(b->ws_fd, inode_file(i, name), &ignored);
	(void)result;
}
