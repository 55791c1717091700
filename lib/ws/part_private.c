/* Modes that an archive has no say in. */
#include <string.h>

#include "os/attr.h"
#include "os/dir.h"
#include "os/walk.h"
#include "ws/part.h"

enum { DIR_MODE = 0700, FILE_MODE = 0600, PERMISSIONS = 07777 };

static int set_entry(const struct walk_entry *at, struct err *e)
{
	FD_AUTO fd = -1;
	bool is_dir = file_is_dir(&at->stat);
	uint32_t mode = is_dir ? DIR_MODE : FILE_MODE;
	if ((!is_dir && !file_is_regular(&at->stat)) || (at->stat.mode & PERMISSIONS) == mode)
		return 0;
	if (is_dir ? dir_open(at->dirfd, at->name, &fd, e)
	           : dir_open_file(at->dirfd, at->name, &fd, e))
		return -1;
	return attr_set_mode(fd, mode, e, at->path);
}

int part_private_set(int fd, struct err *e)
{
	WALK_AUTO walk = NULL;
	struct walk_entry at;
	const struct walk_options how = { .unsorted = true };
	int more;
	if (attr_set_mode(fd, DIR_MODE, e, "the directory") != 0 ||
	    walk_open(fd, &how, &walk, e) != 0)
		return -1;
	while ((more = walk_next(walk, &at, e)) > 0) {
		if (set_entry(&at, e) != 0)
			return -1;
	}
	return more;
}
