/*
 * What an archive, a live directory or a snapshot holds, sorted by path, as one kind of list: the subject of diff. A hardlink is the
 * file that it leads to; of several entries for one path the last counts, as in unpacking; sockets, FIFOs and devices
 * of a live directory are left out, as in archiving. What is more than some MiB of it lies in a file.
 */
#ifndef WS_PACK_INVENTORY_H
#define WS_PACK_INVENTORY_H

#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/io.h"
#include "data/js.h"
#include "pack/entry.h"
#include "pack/exclude.h"
#include "pack/reader.h"
#include "pack/sorter.h"

enum { INVENTORY_SHA256 = 32 };

struct inventory_options {
	const struct exclude *exclude; /* what is out; NULL: nothing */
	/* Read all of the archive and check all of it, as reader_verify does, even when its index says everything. */
	bool read_all;
	const char
		*only; /* of a tree: this name at its top and what is below it; NULL: all of it */
	struct reader_options reader; /* its progress also counts what is read of live files */
	struct sorter_file *file;     /* for what is long; it stays open as long as the inventory */
};

struct inventory_item {
	struct str path, link; /* clean, "" for the root; link: target of a symlink */
	enum entry_type type;  /* never HARDLINK */
	uint32_t mode;         /* permission bits with setuid, setgid, sticky */
	uint64_t size_bytes;   /* of a file */
	bool hashed;           /* sha256, of a file's content, is known by now */
	unsigned char sha256[INVENTORY_SHA256];
};

struct inventory; /* opaque */

/* The source, or directory, stays the caller's and stays open as long as the inventory. An archive with an index is
 * not read further than that (the index is believed as `list` believes it), another one whole. Errors: DATA; IO. */
int inventory_of_archive(struct source *source, const struct inventory_options *options,
                         struct inventory **out, struct err *e) MUST_CHECK;
int inventory_of_tree(int dirfd, const struct inventory_options *options, struct inventory **out,
                      struct err *e) MUST_CHECK;
/* Nothing at all. */
struct inventory *inventory_empty(void);
void inventory_close(struct inventory *v);
void inventory_close_auto(struct inventory **v);
#define INVENTORY_AUTO AUTO(inventory_close_auto) struct inventory *

uint64_t inventory_count(const struct inventory *v);
/* Go before the first one; so it is when the inventory comes. */
int inventory_rewind(struct inventory *v, struct err *e) MUST_CHECK;
/* In the order of a walk (names_cmp): 1 and *item (the caller may change it; valid until the next call), 0 at the end, -1. */
int inventory_next(struct inventory *v, struct inventory_item **item, struct err *e) MUST_CHECK;
/* Have `item`, a file of this inventory, hashed: live files, and sparse ones of an archive, are read now. */
int inventory_hash(struct inventory *v, struct inventory_item *item, struct err *e) MUST_CHECK;
/* Before inventory_read is asked for these files: an archive that can only be read from its start is read once for all of
 * them. Their contents are kept, and the items are not to change, until the next call; whoever calls sees to it that they
 * are not too many. */
int inventory_fetch(struct inventory *v, const struct inventory_item *const *items, size_t count,
                    struct err *e) MUST_CHECK;
/* Append the content of the file `item`, or the target of the symlink. NOT_FOUND for files of a snapshot, which holds none. */
int inventory_read(struct inventory *v, const struct inventory_item *item, struct buf *out,
                   struct err *e) MUST_CHECK;

/* ---- inventory_snapshot.c: an inventory as a file ---- */

/* How such a file begins. A line {"format":"ws-snapshot","version":1,"entries":N}, then a line for each entry: path, type,
 * mode, and of files size and sha256, of symlinks link. */
#define INVENTORY_SNAPSHOT "{\"format\":\"ws-snapshot\""
/* Give it to `put` line by line; every file is hashed. */
int inventory_snapshot_write(struct inventory *v,
                             int (*put)(void *ctx, const struct buf *line, struct err *e),
                             void *ctx, struct err *e) MUST_CHECK;
int inventory_snapshot_parse(struct source *source, const struct inventory_options *options,
                             struct inventory **out, struct err *e) MUST_CHECK;
/* The fields of one entry but its path. js_free. */
struct js *inventory_snapshot_item(const struct inventory_item *item);

#endif
