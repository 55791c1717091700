/* A reader from the inside, for reader, extract and verify. */
#ifndef WS_PACK_READER_PARTS_H
#define WS_PACK_READER_PARTS_H

#include "os/pool.h"
#include "pack/foreign.h"
#include "pack/guard.h"
#include "pack/index.h"
#include "pack/reader.h"
#include "pack/scan.h"

/* Data of the present file: `len` bytes that belong at `offset`. */
struct reader_piece {
	const unsigned char *p;
	size_t len;
	uint64_t offset;
};

struct reader {
	struct source *source;
	struct limits limits;
	struct progress *progress;
	unsigned jobs;
	unsigned kept_max; /* groups that the caller may hold */
	struct pool *pool;
	struct index *index;
	bool ours;
	bool started; /* scan or foreign is open */
	struct scan scan;
	struct foreign *foreign;
	struct index_cursor *listing;
	struct index_item listed;
	struct guard guard;
	/* The present entry: */
	const struct entry *entry;
	struct buf name;           /* of one that was looked for */
	uint64_t beyond;           /* the member in which something came that is beyond that */
	uint64_t stored_at;        /* stored bytes seen */
	size_t extent;             /* that the next stored byte belongs to */
	uint64_t extent_at;        /* bytes of it seen */
	const unsigned char *rest; /* stored bytes not given yet */
	size_t rest_len;
	struct reader_piece piece; /* for reader_read */
	uint64_t pos;              /* of reader_read in the file */
	struct err held;           /* found by reader_hole, which cannot say so */
	/* The first bytes, for a source that gives them once: */
	struct source *replay;
	unsigned char start[FOREIGN_SNIFF];
	size_t start_len;
};

/* The next piece of the present file's data: 1, 0 at the end, -1. Pieces ascend; holes are not given. */
int reader_piece(struct reader *r, struct reader_piece *out, struct err *e) MUST_CHECK;
/* Begin at the first entry, when that has not happened. */
int reader_start(struct reader *r, struct err *e) MUST_CHECK;
/* Go to the entry `path` by the index, or, when it is a directory, to it and what is below it: 1, and its header in *entry
 * (reader_next goes on from there, up to the end of its member at least, for a directory as long as reader_may_follow); 0 when the index has no way there; -1. */
int reader_go(struct reader *r, struct str path, const struct entry **entry,
              struct err *e) MUST_CHECK;
/* Whether something of the directory `top` may come after the present entry. */
bool reader_may_follow(struct reader *r, struct str top);
/* Give up the present position. */
void reader_stop(struct reader *r);
/* Of one of our archives. */
enum member_form reader_form(const struct reader *r);
/* The pool that inflates; others may use it too. */
int reader_need_pool(struct reader *r, struct err *e) MUST_CHECK;

#endif
