/*
 * Archives to be read: ours (members inflated in parallel, index when it can be trusted), and foreign ones
 * through libarchive (tar of any dialect, plain, gzip or zstd; zip). The source stays the caller's.
 */
#ifndef WS_PACK_READER_H
#define WS_PACK_READER_H

#include "base/defs.h"
#include "base/err.h"
#include "base/io.h"
#include "base/progress.h"
#include "pack/entry.h"
#include "pack/limits.h"

struct reader;

struct reader_options {
	const struct limits *limits; /* NULL: the defaults */
	unsigned jobs;               /* 0: one per core */
	bool foreign;                /* force libarchive even for our own (tests compare the two) */
	struct progress *progress;   /* counts bytes of the archive read */
};

/* Look at the source and get ready to give its entries in order. Errors: DATA. */
int reader_open(struct source *source, const struct reader_options *options, struct reader **out,
                struct err *e) MUST_CHECK;
/* Whether it is one of ours, with an index that was read and makes sense. */
bool reader_is_indexed(const struct reader *r);
/* 1 and *entry (valid until the next call), 0 at the end, -1. Unread content is skipped. */
int reader_next(struct reader *r, const struct entry **entry, struct err *e) MUST_CHECK;
/* Content of the present entry, in order, at most `len` bytes; *got 0 at its end. Holes of sparse files come
 * as zeros unless the caller asks by reader_hole. */
int reader_read(struct reader *r, void *p, size_t len, size_t *got, struct err *e) MUST_CHECK;
/* Bytes from here to the next data when inside a hole, which are skipped by the call; 0 when at data. */
uint64_t reader_hole(struct reader *r);
void reader_close(struct reader *r);
void reader_close_auto(struct reader **r);
#define READER_AUTO AUTO(reader_close_auto) struct reader *

/* List from the index alone: entries in order without touching the content. NOT_FOUND when there is none. */
int reader_index_next(struct reader *r, const struct entry **entry, struct err *e) MUST_CHECK;
/* The SHA-256 (32 bytes) of the file that reader_index_next gave last: of its content, or, when it is sparse, of its
 * stored form (FORMAT.md). NULL for what is no file. */
const unsigned char *reader_index_sha256(const struct reader *r);
/* Go to one file by its index entry: the present entry becomes the file `path`, whose content reader_read
 * gives; a hardlink leads to the file itself. At most two reads of the source when indexed, else scans from the
 * start, for the last of several entries with that path (in a pipe: from here, for the first). Afterwards only reader_read, reader_hole and reader_find may follow.
 * NOT_FOUND when absent. */
int reader_find(struct reader *r, struct str path, const struct entry **entry,
                struct err *e) MUST_CHECK;

struct reader_check {
	uint64_t entries, content_bytes, archive_bytes, members;
};
/* Read everything and check everything: member lengths and checksums, each entry's SHA-256 from the index,
 * the index against the headers. Errors: DATA, naming what does not agree. */
int reader_verify(struct source *source, const struct reader_options *options,
                  struct reader_check *out, struct err *e) MUST_CHECK;

#endif
