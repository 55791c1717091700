/* An extraction at work. For extract, extract_some and extract_late. */
#ifndef WS_PACK_EXTRACT_PARTS_H
#define WS_PACK_EXTRACT_PARTS_H

#include "base/buf.h"
#include "pack/disk.h"
#include "pack/extract.h"
#include "pack/reader_parts.h"

struct extraction {
	const struct extract_options *options;
	struct extract_result *result;
	struct reader *reader;
	struct disk *disk;
	struct buf whole; /* clean path as in the archive */
	struct buf path;  /* and with components stripped: where the entry goes */
	struct buf target;
	struct buf content; /* of a small file that comes in pieces */
	struct buf late;    /* pairs of NUL-terminated paths: a hardlink, and what it leads to */
};

/* Put the present file of the reader at x->path. */
int extract_file(struct extraction *x, const struct entry *entry, struct err *e) MUST_CHECK;

/* An entry of the archive, if it is wanted. */
int extract_entry(struct extraction *x, const struct entry *entry, struct err *e) MUST_CHECK;

/* What was asked for by name, when the index leads there: 1; 0: nothing was done, or not all, and all has to be read; -1. */
int extract_some(struct extraction *x, struct err *e) MUST_CHECK;

/* The present entry is a hardlink to something that no pattern asked for. */
int extract_late_add(struct extraction *x, const struct entry *entry, struct err *e) MUST_CHECK;
/* Go back for what those lead to. */
int extract_late_finish(struct extraction *x, struct err *e) MUST_CHECK;

#endif
