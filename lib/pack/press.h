/*
 * The writer's second half: bytes of a tar into groups, groups through compressing workers, members in order to the
 * sink, and the index at the end. For lib/pack itself.
 */
#ifndef WS_PACK_PRESS_H
#define WS_PACK_PRESS_H

#include "base/defs.h"
#include "base/err.h"
#include "base/io.h"
#include "base/progress.h"
#include "crypto/digest.h"
#include "pack/member.h"
#include "pack/tar.h"

enum {
	PRESS_TARGET = 2 << 20, /* a group is closed when it has so much and the next entry ... */
	PRESS_MAX = 4 << 20,    /* ... would make it larger than this; large content is cut here */
	PRESS_ENTRIES =
		512, /* or has so many: a block of the index, of one group at least, stays small */
};

struct press;

struct press_options {
	bool plain; /* a bare tar: no members, no index */
	/* Small files of one name next to each other, within a group. Each directory comes again after its content. */
	bool gather;
	bool unhashed; /* press_finish need not give the hash */
	enum member_form form;
	int level; /* 1 to 12 */
	unsigned jobs;
	struct sink *sink;
	struct progress *progress;
};

int press_open(const struct press_options *options, struct press **out, struct err *e) MUST_CHECK;
/* Waits for what is running; what was not finished is lost. */
void press_close(struct press *p);

/* An entry of `total` bytes with header and padding is about to come, whose first `together` bytes must not be cut.
 * Closes the group when that is better. */
int press_begin(struct press *p, uint64_t total, uint64_t together, struct err *e) MUST_CHECK;
/* Where the next byte goes, and how many fit there. */
unsigned char *press_at(struct press *p, size_t *room);
/* `n` bytes were put there. */
void press_grew(struct press *p, size_t n);
/* Take back all bytes since the last press_begin, which lie in one group. */
void press_undo(struct press *p);
/* Close the group that is full; the next byte goes to a new one. */
int press_cut(struct press *p, struct err *e) MUST_CHECK;

/* The entry that began with press_begin, for the index. `whole`: all its stored bytes are in this group, so a worker
 * hashes them; else the hash of a file follows by press_hash, before the next entry. */
void press_entry(struct press *p, const struct tar_head *head, bool whole);
void press_hash(struct press *p, const unsigned char sha256[DIGEST_SHA256_LEN]);

/* End mark, what is left, index and footer. *archive_bytes and the hash of all that the sink got, or "". */
int press_finish(struct press *p, uint64_t *archive_bytes, char sha256[DIGEST_SHA256_HEX],
                 struct err *e) MUST_CHECK;

#endif
