/* A clone that borrows its objects gets its own. */
#include <string.h>

#include "base/mem.h"
#include "os/copy.h"
#include "os/dir.h"
#include "os/extent.h"
#include "ws/git_setup.h"

enum { NAMES_MAX = 10 * 1000 * 1000 };

/* Of files that are being written, and of a repository that has not all of its objects. */
static bool is_unfit(struct str name)
{
	return str_starts(name, S("tmp_")) || str_ends(name, S(".lock")) ||
	       str_ends(name, S(".promisor"));
}

/* 1 done, or there already: a name says what is in it; 0 it can't be, as when git packed it away meanwhile; -1. */
static int share_file(int from_dir, int to_dir, const char *name, struct err *e)
{
	FD_AUTO from = -1, to = -1;
	struct err why = ERR_INIT;
	int there = dir_exists(to_dir, name, e);
	if (there != 0)
		return there;
	if (is_unfit(str_of(name)) || dir_open_file(from_dir, name, &from, &why) != 0)
		return 0;
	if (dir_create_file(to_dir, name, 0444, &to, e) != 0)
		return -1;
	if (copy_share(from, to))
		return 1;
	return dir_unlink(to_dir, name, e) != 0 ? -1 : 0;
}

/* The last name first: of a pack the file that makes it one comes last. */
static int share_directory(int from, int to, const char *name, struct err *e)
{
	FD_AUTO from_dir = -1, to_dir = -1;
	MEM_AUTO char **names = NULL;
	size_t count;
	int done = 1;
	int there = dir_exists(from, name, e);
	if (there <= 0)
		return there;
	if (dir_open(from, name, &from_dir, e) != 0 || dir_make(to, name, 0755, &to_dir, e) != 0 ||
	    dir_list(from_dir, NAMES_MAX, &names, &count, e) != 0)
		return -1;
	while (count-- > 0 && done == 1)
		done = share_file(from_dir, to_dir, names[count], e);
	return done;
}

/* All that the source has, by sharing blocks: 1, 0 that can't be done here, -1. */
static int share_all(const struct git_repo *source, int to, struct err *e)
{
	FD_AUTO from = -1;
	MEM_AUTO char **names = NULL;
	size_t count;
	int done = 1;
	if (!extent_can_share(to))
		return 0;
	if (dir_open(source->fd, "objects", &from, e) != 0)
		return -1;
	int borrows = dir_exists(from, "info/alternates", e);
	if (borrows != 0)
		return borrows < 0 ? -1 : 0;
	if (dir_list(from, NAMES_MAX, &names, &count, e) != 0)
		return -1;
	for (size_t i = 0; i < count && done == 1; i++) {
		if (strcmp(names[i], "info") != 0)
			done = share_directory(from, to, names[i], e);
	}
	return done;
}

int git_setup_own(const struct git_repo *source, int clone, struct err *e)
{
	FD_AUTO objects = -1, info = -1;
	const struct git g = {
		.cwd_fd = clone, .git_dir = ".git", .no_tree = true, .timeout_ms = GIT_CHECKOUT_MS
	};
	if (dir_open(clone, ".git/objects", &objects, e) != 0 ||
	    dir_open(objects, "info", &info, e) != 0)
		return -1;
	int shared = share_all(source, objects, e);
	if (shared < 0 ||
	    (!shared && git_run(&g, GIT_ARGS("repack", "-a", "-d", "--quiet"), NULL, e) != 0))
		return err_context(e, "the clone's own objects");
	return dir_unlink(info, "alternates", e);
}
