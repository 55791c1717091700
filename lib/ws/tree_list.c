/* Taking a list. */
#include "ws/tree_list.h"

#include <inttypes.h>

#include "os/notify.h"
#include "os/walk.h"

enum { NS_PER_S = 1000000000 };

/* The bits count, not the sign: the list is read back by us. */
static uint64_t ns_of(int64_t s, uint32_t ns)
{
	return (uint64_t)s * NS_PER_S + ns;
}

static void add(const struct walk_entry *entry, struct buf *out)
{
	const struct file_stat *st = &entry->stat;
	char type = file_is_regular(st) ? 'f' : file_is_symlink(st) ? 'l' : 'o';
	buf_printf(out, "%c %" PRIu32 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %s", type,
	           st->mode, st->size_bytes, ns_of(st->mtime_s, st->mtime_ns),
	           ns_of(st->ctime_s, st->ctime_ns), st->ino, entry->path);
	buf_add_char(out, '\0');
}

static void watch(struct tree_list_take *how, int dirfd, const char *name)
{
	struct err ignored = ERR_INIT;
	if (how->notify_fd >= 0 && notify_add(how->notify_fd, dirfd, name, &ignored) != 0)
		how->blind = how->blind || ignored.kind != ERR_KIND_NOT_FOUND;
}

int tree_list_take(int dirfd, struct tree_list_take *how, struct buf *out, struct err *e)
{
	const struct walk_options options = { .one_file_system = true };
	struct walk_entry entry;
	WALK_AUTO walk = NULL;
	struct err why = ERR_INIT;
	int got;
	watch(how, dirfd, "");
	if (walk_open(dirfd, &options, &walk, e) != 0)
		return -1;
	while ((got = walk_next(walk, &entry, &why)) != 0) {
		if (got < 0 && walk_failed(walk)) {
			*e = why;
			return -1;
		}
		if (got < 0) {
			how->unread++;
			err_clear(&why);
		} else if (file_is_dir(&entry.stat)) {
			watch(how, entry.dirfd, entry.name);
		} else {
			add(&entry, out);
		}
	}
	return buf_check(out, e, "the list of files");
}
