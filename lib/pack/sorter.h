/*
 * Records given in any order and had back in order, more of them than memory holds: what is over a limit is sorted and put into a
 * file without a name, as runs that are merged when they are read. For lib/pack and what compares archives.
 */
#ifndef WS_PACK_SORTER_H
#define WS_PACK_SORTER_H

#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"

/* Where sorters put what is over; several of them one after the other or at once. */
struct sorter_file {
	int fd; /* -1: there is none, and everything stays in memory */
	uint64_t end;
	size_t run_bytes; /* what each of them keeps in memory; 0: 4 MiB */
};

/* In the directory that TMPDIR names, else /var/tmp, /tmp or the present one; where none of them can be written it stays -1. To be
 * opened before a sandbox forbids to. */
struct sorter_file sorter_file_open(void);
void sorter_file_close(struct sorter_file *f);
#define SORTER_FILE_AUTO AUTO(sorter_file_close) struct sorter_file

struct sorter; /* opaque */

/* Less than, equal to or greater than 0. Equal records keep the order in which they came. */
typedef int sorter_cmp(struct str a, struct str b);

/* `cmp` NULL: all are equal. The file stays the caller's, and open as long as the sorter. */
struct sorter *sorter_new(struct sorter_file *file, sorter_cmp *cmp);
/* NULL is fine. */
void sorter_free(struct sorter *s);
void sorter_free_auto(struct sorter **s);
#define SORTER_AUTO AUTO(sorter_free_auto) struct sorter *

/* An empty buffer to make a record in; until the next call. */
struct buf *sorter_scratch(struct sorter *s);
/* Add a copy. Errors: IO. */
int sorter_add(struct sorter *s, struct str record, struct err *e) MUST_CHECK;
/* That was all: go to the first one. Also to begin again, any number of times. */
int sorter_rewind(struct sorter *s, struct err *e) MUST_CHECK;
/* 1 and *record (valid until the next call), 0 at the end, -1. */
int sorter_next(struct sorter *s, struct str *record, struct err *e) MUST_CHECK;

#endif
