/* A sorter from the inside. In memory and in the file a record begins with its length. */
#ifndef WS_PACK_SORTER_PARTS_H
#define WS_PACK_SORTER_PARTS_H

#include "base/buf.h"
#include "pack/sorter.h"

enum { SORTER_RUNS_MAX = 256, SORTER_LENGTH = 4 };

extern const char sorter_what[]; /* the file, in errors */

struct sorter_piece {
	uint64_t at;
	size_t len;
};

/* Sorted records, in pieces of the file; none of them lies in two. */
struct sorter_run {
	struct sorter_piece *pieces;
	size_t count, cap;
};

struct sorter_cursor {
	const struct sorter_run *run;
	size_t piece;     /* the next one */
	uint64_t at, end; /* what is left of the present one, behind `bytes` */
	struct buf bytes;
	size_t used;
	struct str record;
};

struct sorter {
	struct sorter_file *file;
	sorter_cmp *cmp;
	struct buf bytes; /* what is not in the file */
	size_t *places;   /* where its records begin */
	size_t count, cap;
	bool ordered;    /* they came in order */
	struct buf last; /* of the newest run */
	struct buf scratch;
	struct sorter_run runs[SORTER_RUNS_MAX];
	size_t run_count;
	/* While it is read: the present record, or of each run one, the least of them first. */
	size_t present;
	struct sorter_cursor *cursors;
	size_t cursor_count, *heap, heap_count;
	bool taken; /* the first of the heap was given out */
};

/* ---- sorter_runs.c ---- */

/* Go to the first record of all runs. */
int sorter_open_runs(struct sorter *s, struct err *e) MUST_CHECK;
/* As sorter_next. */
int sorter_next_of_runs(struct sorter *s, struct str *record, struct err *e) MUST_CHECK;
/* Also when none are open. */
void sorter_close_runs(struct sorter *s);

#endif
