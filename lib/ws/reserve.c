/* The reserve of a base. */
#include "ws/reserve.h"

#include <string.h>

#include "base/mem.h"
#include "os/dir.h"

static const char reserve_file[] = "reserve";

enum { INODES_MIN = 8 };

/* Not zeros: file systems may store those as nothing. */
void reserve_make(const struct base_dir *b)
{
	struct err ignored = ERR_INIT;
	if (dir_exists(b->ws_fd, reserve_file, &ignored) != 0)
		return;
	MEM_AUTO char *bytes = mem_new(RESERVE_BYTES, 1);
	memset(bytes, 'r', RESERVE_BYTES);
	int result = dir_replace_file(b->ws_fd, reserve_file, bytes, RESERVE_BYTES, 0600, &ignored);
	(void)result;
}

void reserve_release(const struct base_dir *b)
{
	struct err ignored = ERR_INIT;
	struct dir_space space;
	if (dir_space(b->ws_fd, &space, &ignored) != 0)
		return;
	bool few_inodes = space.total_inodes > 0 && space.free_inodes < INODES_MIN;
	if (space.free_bytes >= 4 * (uint64_t)RESERVE_BYTES && !few_inodes)
		return;
	int result = dir_unlink(b->ws_fd, reserve_file, &ignored);
	(void)result;
}
