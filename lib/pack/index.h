/*
 * The index of an archive: a root and blocks. A block tells of a run of members and of the entries whose headers begin
 * in them; the root tells of the blocks; the footer says where the root is. Places are never written down, they
 * follow from lengths: nothing in an index can overlap, loop or point backwards. FORMAT.md has the bytes.
 * For lib/pack itself.
 */
#ifndef WS_PACK_INDEX_H
#define WS_PACK_INDEX_H

#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/io.h"
#include "pack/entry.h"
#include "pack/limits.h"
#include "pack/member.h"
#include "pack/tar.h"

enum {
	INDEX_VERSION = 1,
	INDEX_SHA256 = 32,
	INDEX_PIECE_MAX = 64 << 20, /* the root or a block, inflated: no more is written */
	INDEX_FOOTER_PAYLOAD = 48,
	INDEX_FOOTER_MIN = 74, /* from the footer's start to the archive's end, at least */
	INDEX_TAIL =
		64 *
		1024, /* read from the end in one go; holds footer and root of all but the largest */
};

/* What is known of the whole. */
struct index_totals {
	uint64_t entries;       /* without what comes again */
	uint64_t content_bytes; /* of files as their readers see them */
	uint64_t raw_bytes;     /* of the tar */
	uint64_t packed_bytes;  /* of the data members */
	uint64_t members;
};

/* ---- the footer ---- */

struct index_footer {
	uint64_t index_off; /* of the first hidden member behind the data */
	uint64_t
		root_off; /* of the hidden members that carry the root; they end where the footer begins */
	uint64_t root_raw_len;
	uint32_t root_crc;
	uint64_t offset; /* of the footer itself; not written */
};

void index_footer_format(const struct index_footer *f, enum member_form form, struct buf *out);
/* 1 and *f, 0 when `p` is no footer member at all, -1 (DATA) when it is a damaged one, of another version, or says what
 * cannot be before `offset`, where it lies. */
int index_footer_parse(const unsigned char *p, size_t avail, uint64_t offset,
                       struct index_footer *f, struct err *e) MUST_CHECK;

/* ---- writing ---- */

struct index_build;

struct index_build *index_build_new(enum member_form form);
void index_build_free(struct index_build *b);
/* The next entry, in the order of the tar, before the member in which its header is. sha256 is of the stored bytes of a
 * file (NULL otherwise); of one that goes on in later members it may be NULL here and given by index_build_hash. */
void index_build_entry(struct index_build *b, const struct tar_head *head,
                       const unsigned char *sha256);
/* The hash of the last file entry, which had none. */
void index_build_hash(struct index_build *b, const unsigned char sha256[INDEX_SHA256]);
/* The next data member. */
void index_build_member(struct index_build *b, uint64_t packed_len, uint64_t raw_len, uint32_t crc);
/* Hidden members that are to be written right here, behind the last data member that was told of: so many blocks have
 * gathered that keeping them would take memory. A data member has to follow. Mostly empty; valid until the next call. */
struct str index_build_spill(struct index_build *b);
/* The hidden members: blocks, root, footer. *out is valid until index_build_free. Errors: DATA when the index is too large
 * to be read again. */
int index_build_finish(struct index_build *b, struct str *out, struct err *e) MUST_CHECK;

/* ---- reading ---- */

struct index;

/* 1 and *out, 0 when the source has no index (or cannot be read at its end), -1: DATA when the index is damaged. */
int index_open(struct source *source, const struct limits *limits, struct index **out,
               struct err *e) MUST_CHECK;
void index_close(struct index *ix);
const struct index_totals *index_totals(const struct index *ix);
/* Where the data members end. */
uint64_t index_data_end(const struct index *ix);
enum member_form index_form(const struct index *ix);
/* Whether it promises that every path is greater than those in the members before (names_cmp), and comes once; a cursor holds it
 * to the first of that, who reads the headers (again.h) to the second. */
bool index_ascends(const struct index *ix);

struct index_member {
	uint64_t number, offset; /* in the archive */
	uint64_t raw_offset;     /* in the tar */
	uint64_t packed_len, raw_len;
	uint32_t crc;
};

struct index_item {
	struct tar_head head; /* entry without xattrs and extents; head_bytes and stored_bytes */
	uint64_t raw_offset;  /* of its header in the tar */
	bool sparse;
	const unsigned char *sha256; /* of a file's stored bytes, else NULL */
};

/* One pass over the index, members and entries side by side. Views are valid until the next call for an entry. */
struct index_cursor;

struct index_cursor *index_cursor_new(struct index *ix);
void index_cursor_free(struct index_cursor *c);
/* index_ascends of its index. */
bool index_cursor_ascends(const struct index_cursor *c);
/* The next member: 1, 0 at the end, -1. DATA when entries of the members before were not asked for. */
int index_cursor_member(struct index_cursor *c, struct index_member *out, struct err *e) MUST_CHECK;
/* The next entry of the members so far: 1, 0 when there is none (ask for a member), -1. */
int index_cursor_entry(struct index_cursor *c, struct index_item *out, struct err *e) MUST_CHECK;
/* The next entry of all, whatever its member, but for what comes again: 1, 0 at the end, -1. */
int index_cursor_next(struct index_cursor *c, struct index_item *out, struct err *e) MUST_CHECK;
/* Put the cursor before the entry `path` (clean) and its member: 1 and both, which the next calls for a member and an
 * entry give again; 0 when it is not in the index. One read of the source at most. */
int index_cursor_find(struct index_cursor *c, struct str path, struct index_member *member,
                      struct index_item *item, struct err *e) MUST_CHECK;

#endif
