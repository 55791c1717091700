/* Between diff.c and diff_renamed.c: changes as records of sorters. */
#ifndef WS_PACK_DIFF_PARTS_H
#define WS_PACK_DIFF_PARTS_H

#include "pack/diff.h"
#include "pack/inventory_row.h"

struct diff {
	struct inventory *before, *after;
	struct sorter_file *file;
	struct sorter *changes; /* by path, nothing renamed among them */
	uint64_t count;
	struct sorter *gone,
		*new; /* files with content, by size; the rows have the number of their change */
	struct sorter *
		renamed; /* what takes the place of the change of its number; a REMOVED there goes */
};

/* A change as it was in a record, with what it points to. */
struct diff_record {
	uint64_t number;
	struct diff_change change;
	struct inventory_row before, after;
};
int diff_record_add(struct sorter *s, uint64_t number, const struct diff_change *change,
                    struct err *e) MUST_CHECK;
void diff_record_read(struct str record, struct diff_record *out);
/* sorter_cmp: by number. */
int diff_record_cmp(struct str a, struct str b);

/* A symlink has no mode of its own. */
unsigned diff_mode_change(const struct inventory_item *a, const struct inventory_item *b);

/* ---- diff_renamed.c ---- */

/* sorter_cmp of `gone` and `new`. */
int diff_by_size(struct str a, struct str b);
/* Pair what is gone with what is new, into `renamed`. */
int diff_find_renamed(struct diff *d, struct err *e) MUST_CHECK;

#endif
