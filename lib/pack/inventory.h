/*
 * What an archive or a live directory holds, sorted by path, as one kind of list: the subject of diff. A hardlink is the
 * file that it leads to; of several entries for one path the last counts, as in unpacking; sockets, FIFOs and devices
 * of a live directory are left out, as in archiving. Memory: some 120 bytes an entry and its path.
 */
#ifndef WS_PACK_INVENTORY_H
#define WS_PACK_INVENTORY_H

#include "base/defs.h"
#include "base/err.h"
#include "base/io.h"
#include "pack/entry.h"
#include "pack/exclude.h"
#include "pack/reader.h"

enum { INVENTORY_SHA256 = 32 };

struct inventory_options {
	const struct exclude *exclude; /* what is out; NULL: nothing */
	/* Read all of the archive and check all of it, as reader_verify does, even when its index says everything. */
	bool read_all;
	struct reader_options reader; /* its progress also counts what is read of live files */
};

struct inventory_item {
	struct str path, link; /* clean, "" for the root; link: target of a symlink */
	enum entry_type type;  /* never HARDLINK */
	uint32_t mode;         /* permission bits with setuid, setgid, sticky */
	uint64_t size_bytes;   /* of a file */
	bool hashed;           /* sha256, of a file's content, is known by now */
	unsigned char sha256[INVENTORY_SHA256];
};

struct inventory;

/* The source, or directory, stays the caller's and stays open as long as the inventory. An archive with an index is
 * not read further than that (the index is believed as `list` believes it), another one whole. Errors: DATA; IO. */
int inventory_of_archive(struct source *source, const struct inventory_options *options,
                         struct inventory **out, struct err *e) MUST_CHECK;
int inventory_of_tree(int dirfd, const struct inventory_options *options, struct inventory **out,
                      struct err *e) MUST_CHECK;
void inventory_close(struct inventory *v);
void inventory_close_auto(struct inventory **v);
#define INVENTORY_AUTO AUTO(inventory_close_auto) struct inventory *

size_t inventory_count(const struct inventory *v);
/* In the order of a walk (names_cmp); valid until close. */
const struct inventory_item *inventory_at(const struct inventory *v, size_t i);
/* Have `item`, a file of this inventory, hashed: live files, and sparse ones of an archive, are read now. */
int inventory_hash(struct inventory *v, const struct inventory_item *item,
                   struct err *e) MUST_CHECK;
/* Whether something lies below the directory `path`. */
bool inventory_has_below(const struct inventory *v, struct str path);

#endif
