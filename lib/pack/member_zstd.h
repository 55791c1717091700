/*
 * The zstd frames (RFC 8878) of which our .tar.zst archives are made. A data member is one frame with its content size
 * and checksum; the index and the footer are skippable frames; behind them lies a seek table as zstd's seekable format
 * has it. For member and what it serves.
 */
#ifndef WS_PACK_MEMBER_ZSTD_H
#define WS_PACK_MEMBER_ZSTD_H

#include "pack/member.h"

enum {
	MEMBER_ZSTD_HIDDEN_EXTRA = 12, /* what a hidden frame needs besides its payload */
	MEMBER_ZSTD_SEEK_EXTRA = 17,   /* what a seek table needs besides its entries ... */
	MEMBER_ZSTD_SEEK_ENTRY = 8,    /* ... of so many bytes */
};

/* As member_look, member_payload, member_add_hidden. */
struct member_head member_zstd_look(const unsigned char *p, size_t avail);
struct str member_zstd_payload(const unsigned char *p, size_t packed_len);
void member_zstd_add_hidden(struct buf *out, enum member_kind kind, struct str payload);

struct member_zstd_packer;
struct member_zstd_packer *member_zstd_packer_new(int level);
void member_zstd_packer_free(struct member_zstd_packer *p);
size_t member_zstd_bound(size_t raw_len);
size_t member_zstd_pack(struct member_zstd_packer *p, const void *raw, size_t raw_len,
                        unsigned char *out);

struct member_zstd_opener;
struct member_zstd_opener *member_zstd_opener_new(void);
void member_zstd_opener_free(struct member_zstd_opener *o);
/* One frame that gives exactly raw_len bytes. Errors: DATA. */
int member_zstd_unpack(struct member_zstd_opener *o, struct str packed, void *raw, size_t raw_len,
                       struct err *e) MUST_CHECK;

/* Append the entry of one whole member to the entries of a seek table. */
void member_zstd_seek_add(struct buf *entries, const struct member_head *head);
/* The table of these entries. */
void member_zstd_seek_format(const struct buf *entries, struct buf *out);
/* How long the table is of which `end` are the last 9 bytes; 0 when they are none. */
uint64_t member_zstd_seek_len(const unsigned char *end);

#endif
