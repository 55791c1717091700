/* The walk that gathers evidence. */
#include "gc/gc_tree.h"

#include <stdio.h>
#include <string.h>

#include "base/inodes.h"
#include "base/str.h"
#include "os/dir.h"
#include "os/walk.h"

/* The kernel alone sets ctime, and every change moves it. mtime can be set to anything: one in the future says
 * nothing, while a ctime there says that the clock jumped. */
static int64_t newest_of(const struct file_stat *st, bool with_ctime, int64_t now_ms)
{
	int64_t ctime_ms = st->ctime_s * 1000 + st->ctime_ns / 1000000;
	int64_t mtime_ms = st->mtime_s * 1000 + st->mtime_ns / 1000000;
	int64_t newest = with_ctime && ctime_ms > 0 ? ctime_ms : 0;
	return mtime_ms > newest && mtime_ms <= now_ms ? mtime_ms : newest;
}

static void raise_to(int64_t *newest, int64_t ms)
{
	if (ms > *newest)
		*newest = ms;
}

/* <anything>/.ws/base.json, or .ws/base.json of the workspace itself. */
static bool is_marker(const struct walk_entry *entry)
{
	struct str path = str_of(entry->path);
	return strcmp(entry->name, "base.json") == 0 &&
	       (str_is(path, ".ws/base.json") || str_ends(path, S("/.ws/base.json")));
}

/* Not only directories: a file can be mounted over a file. */
static bool is_mounted(const struct walk_entry *entry, const struct file_stat *root)
{
	return entry->is_mount || entry->stat.mount_id != root->mount_id;
}

static void add_entry(const struct walk_entry *entry, bool mounted, int64_t now_ms,
                      struct inodes *seen, struct gc_tree *out)
{
	out->entries++;
	if (mounted && !out->has_mount) {
		out->has_mount = true;
		snprintf(out->mount, sizeof(out->mount), "%.*s", (int)sizeof(out->mount) - 1,
		         entry->path);
	}
	if (mounted)
		return;
	raise_to(&out->newest_ms, newest_of(&entry->stat, true, now_ms));
	raise_to(&out->inside_ms, newest_of(&entry->stat, true, now_ms));
	out->has_base |= is_marker(entry);
	out->has_git |= strcmp(entry->name, ".git") == 0;
	bool shared = entry->stat.nlink > 1 && !file_is_dir(&entry->stat);
	if (!shared || inodes_add(seen, entry->stat.dev, entry->stat.ino))
		out->allocated_bytes += entry->stat.allocated_bytes;
}

int gc_tree_look(int dirfd, const char *name, int64_t now_ms, struct gc_tree *out, struct err *e)
{
	memset(out, 0, sizeof(*out));
	FD_AUTO fd = -1;
	struct file_stat root;
	if (dir_open(dirfd, name, &fd, e) || file_stat(fd, &root, e, name))
		return -1;
	out->newest_ms = newest_of(&root, true, now_ms);
	out->inside_ms = newest_of(&root, false, now_ms);
	out->allocated_bytes = root.allocated_bytes;
	const struct walk_options how = { .one_file_system = true, .unsorted = true };
	WALK_AUTO w = NULL;
	INODES_AUTO seen = { .cap = 0 };
	if (walk_open(fd, &how, &w, e))
		return -1;
	struct walk_entry entry;
	int got;
	bool failed = false;
	/* One thing that can't be read does not hide the others; the first one's error stays. */
	while ((got = walk_next(w, &entry, e)) != 0) {
		if (got > 0)
			add_entry(&entry, is_mounted(&entry, &root), now_ms, &seen, out);
		failed = failed || got < 0;
	}
	return failed ? -1 : 0;
}
