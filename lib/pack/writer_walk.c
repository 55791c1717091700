/* The walk of the writer, a directory before and after its content. */
#include <string.h>

#include "base/mem.h"
#include "os/dir.h"
#include "os/walk.h"
#include "pack/writer_parts.h"

/* Whether this is what the archive is being written to: it would grow for ever. */
static bool is_output(const struct writer *w, const struct writer_item *item)
{
	const struct writer_output *out = w->options->output;
	struct file_stat dir;
	struct err ignored = ERR_INIT;
	if (!out || !file_is_regular(&item->stat) ||
	    (strcmp(item->name, out->name) != 0 &&
	     !str_starts(str_of(item->name), S(DIR_TEMP_PREFIX))))
		return false;
	return file_stat(item->dirfd, &dir, &ignored, ".") == 0 && dir.dev == out->dir_dev &&
	       dir.ino == out->dir_ino;
}

int writer_again(struct writer *w, const struct writer_item *dir, struct err *e)
{
	struct entry entry = writer_entry(w, dir);
	entry.again = true;
	return w->gather ? writer_header(w, &entry, e) : 0;
}

/* Something that the walk came by, and did not come by before. */
static int store_walked(struct writer *w, struct walk *walk, const struct writer_item *item,
                        struct err *e)
{
	bool below;
	bool other = writer_passes(w, item, &below);
	if (is_output(w, item))
		return 0;
	other = other || writer_leaves_secret(w, item);
	if (!other && writer_store(w, item, e))
		return -1;
	int enter = below ? writer_enter(w, item, e) : 0;
	if (enter < 0)
		return -1;
	if (enter > 0 || !file_is_dir(&item->stat))
		return 0;
	walk_skip(walk);
	return other ? 0 : writer_again(w, item, e);
}

/* What the walk saw of the directories that it is in, by their depth. */
struct seen {
	struct file_stat *stats;
	size_t cap;
};

static void seen_free(struct seen *s)
{
	mem_free(s->stats);
}

static struct file_stat *seen_at(struct seen *s, size_t depth)
{
	if (depth >= s->cap) {
		s->cap = 2 * depth + 16;
		s->stats = mem_grow(s->stats, s->cap, sizeof(s->stats[0]));
	}
	return &s->stats[depth];
}

int writer_walk(struct writer *w, const struct writer_item *top, struct err *e)
{
	WALK_AUTO walk = NULL;
	FD_AUTO fd = -1;
	AUTO(seen_free) struct seen seen = { .cap = 0 };
	struct err why = ERR_INIT;
	struct walk_options how = { .one_file_system = w->options->one_file_system,
		                    .directories_after = w->gather };
	struct walk_entry at;
	size_t prefix;
	int rc;
	if (dir_open(top->dirfd, top->name, &fd, &why) || walk_open(fd, &how, &walk, &why))
		return writer_trouble(w, top->path, &why, e);
	buf_clear(&w->path);
	buf_add_str(&w->path, top->path);
	if (top->path.len > 0)
		buf_add_char(&w->path, '/');
	prefix = w->path.len;
	while ((rc = walk_next(walk, &at, &why)) != 0) {
		if (rc < 0) {
			if (writer_trouble(w, top->path, &why, e))
				return -1;
			err_clear(&why);
			continue;
		}
		buf_truncate(&w->path, prefix);
		buf_add_text(&w->path, at.path);
		if (buf_check(&w->path, e, "a path"))
			return -1;
		struct writer_item item = { at.dirfd, at.name, buf_str(&w->path), at.stat };
		if (at.after)
			item.stat = *seen_at(&seen, at.depth);
		else if (file_is_dir(&at.stat))
			*seen_at(&seen, at.depth) = at.stat;
		if (at.after ? writer_again(w, &item, e) : store_walked(w, walk, &item, e))
			return -1;
	}
	return 0;
}
