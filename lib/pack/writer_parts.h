/* A writer at work. For writer and writer_file. */
#ifndef WS_PACK_WRITER_PARTS_H
#define WS_PACK_WRITER_PARTS_H

#include "os/file.h"
#include "pack/entry.h"
#include "pack/ignores.h"
#include "pack/linkmap.h"
#include "pack/order.h"
#include "pack/press.h"
#include "pack/writer.h"

struct writer {
	const struct writer_options *options;
	struct writer_result *result;
	struct press *press;
	bool gather; /* as press_options says */
	struct linkmap links;
	struct ignores *ignores; /* NULL: not asked for */
	enum order pass;         /* with options->order */
	struct tar_scratch scratch;
	struct buf header, path, target;
	struct buf attr_names, attr_values;
	struct entry_xattr *xattrs;
	size_t xattrs_cap;
	struct entry_extent *extents;
	size_t extents_cap;
};

/* One thing of the tree: where it is, what it is called in the archive, what the walk saw. */
struct writer_item {
	int dirfd;
	const char *name;
	struct str path;
	struct file_stat stat;
};

/* What a stat says, as an entry (with --reproducible: less). */
struct entry writer_entry(const struct writer *w, const struct writer_item *item);
/* Write the header of something without content. */
int writer_header(struct writer *w, const struct entry *entry, struct err *e) MUST_CHECK;
/* `why` kept us from storing `path`: gone since the walk saw it, left out with keep_going (0), or the end (-1). */
int writer_trouble(struct writer *w, struct str path, struct err *why, struct err *e) MUST_CHECK;
void writer_notice(struct writer *w, const struct err *why);
/* The attributes of an open file or directory into `entry`. */
int writer_xattrs(struct writer *w, int fd, const char *what, struct entry *entry,
                  struct err *e) MUST_CHECK;

/* Store something of whatever kind. */
int writer_store(struct writer *w, const struct writer_item *item, struct err *e) MUST_CHECK;
/* A directory once more, after its content, as it was when it came first: the press may tear apart what is in it, and many a
 * tar sets its time when it leaves it. */
int writer_again(struct writer *w, const struct writer_item *dir, struct err *e) MUST_CHECK;
/* All below the directory that `top` is. */
int writer_walk(struct writer *w, const struct writer_item *top, struct err *e) MUST_CHECK;

/* Whether it looks like a secret, and is left out for that; counted in any case, as the options say. */
bool writer_leaves_secret(struct writer *w, const struct writer_item *item);
/* Whether the walk shall go into this directory: what is to be known of its files is read. With exclude_caches a cache
 * is not gone into; its tag is stored here. 1, 0, -1. */
int writer_enter(struct writer *w, const struct writer_item *dir, struct err *e) MUST_CHECK;
/* Whether this is left out, or another pass's; *below: what is in it may still be for this one. */
bool writer_passes(const struct writer *w, const struct writer_item *item, bool *below);

/* Store a regular file. */
int writer_file(struct writer *w, const struct writer_item *item, struct err *e) MUST_CHECK;

#endif
