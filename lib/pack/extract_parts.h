/* An extraction at work. For extract, extract_some and extract_late. */
#ifndef WS_PACK_EXTRACT_PARTS_H
#define WS_PACK_EXTRACT_PARTS_H

#include "base/buf.h"
#include "pack/disk.h"
#include "pack/extract.h"
#include "pack/pathset.h"
#include "pack/reader_parts.h"

/* A file that hardlinks lead to which were asked for, while it was not. Entries count from 1. */
struct extract_target {
	uint64_t
		at; /* the first such hardlink: the file comes before it; 0: it is put, or nothing leads to it yet */
	uint64_t from;  /* the last entry of that path before */
	uint32_t place; /* where its content is to go (disk_aside) */
	uint32_t
		before; /* 1 + its number among the targets: another one of the same path, which came again; 0: none */
};

struct extract_late {
	struct pathset paths; /* with the number of the target that came last */
	struct extract_target *list;
	size_t count, cap;
	size_t open;      /* that were not put yet */
	uint64_t last;    /* the greatest `at` */
	struct buf names; /* of the first ones, each with NUL */
};

struct extraction {
	const struct extract_options *options;
	struct extract_result *result;
	struct reader *reader;
	struct disk *disk;
	struct buf whole; /* clean path as in the archive */
	struct buf path;  /* and with components stripped: where the entry goes */
	struct buf target;
	struct buf content; /* of a small file that comes in pieces */
	struct extract_late late;
};

/* Put the present file of the reader at x->path. */
int extract_file(struct extraction *x, const struct entry *entry, struct err *e) MUST_CHECK;

/* An entry of the archive, if it is wanted. */
int extract_entry(struct extraction *x, const struct entry *entry, struct err *e) MUST_CHECK;

/* What was asked for by name, when the index leads there: 1; 0: nothing was done, or not all, and all has to be read; -1. */
int extract_some(struct extraction *x, struct err *e) MUST_CHECK;

/* Whether a pattern asked for the clean path. */
bool extract_is_wanted(const struct extraction *x, struct str path);

/* The present entry is a hardlink to x->target, a clean path that no pattern asked for, or that is not there yet: it is to
 * lead to the place, left in x->target, where the content will be. */
int extract_late_add(struct extraction *x, const struct entry *entry, struct err *e) MUST_CHECK;
/* The present entry, at x->whole, was not asked for. */
void extract_late_pass(struct extraction *x);
/* Go back for what those lead to. */
int extract_late_finish(struct extraction *x, struct err *e) MUST_CHECK;
void extract_late_free(struct extraction *x);

#endif
