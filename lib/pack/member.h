/*
 * The members of which our archives are made, in one of two forms. gzip (RFC 1952): a data member carries its own packed
 * and raw length in the extra field "WS"; the index and the footer are the extra fields "WI" and "WF" of members that
 * inflate to nothing; all other header fields are fixed. zstd: member_zstd.h. The index inside is the same. Door to
 * libdeflate. For lib/pack itself.
 */
#ifndef WS_PACK_MEMBER_H
#define WS_PACK_MEMBER_H

#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"

enum {
	MEMBER_HEAD =
		24, /* of a data member, before its deflate stream; enough to know any member's length */
	MEMBER_TAIL = 8,          /* checksum and length */
	MEMBER_HIDDEN_EXTRA = 26, /* what a hidden member needs besides its payload */
	MEMBER_PAYLOAD_MAX = 65000,
	MEMBER_RAW_MAX = 8 << 20, /* a data member is never larger */
};

enum member_form { MEMBER_GZIP, MEMBER_ZSTD };
/* MORE: it cannot be told yet from so few bytes. */
enum member_kind { MEMBER_FOREIGN, MEMBER_DATA, MEMBER_INDEX, MEMBER_FOOTER, MEMBER_MORE };

struct member_head {
	enum member_kind kind;
	enum member_form form;
	size_t packed_len; /* of the whole member; MORE: so many bytes tell more */
	size_t raw_len;
};

/* What the first bytes of a member say: MEMBER_HEAD are enough, or all that are left, but for a data member of zstd.
 * FOREIGN when it is none of ours, or its lengths cannot be. */
struct member_head member_look(const unsigned char *p, size_t avail);

/* The payload of a whole hidden member, or an empty view when it is not in the one form it may have. */
struct str member_payload(const unsigned char *p, size_t packed_len);
/* Append hidden members that carry `payload`, as many as it takes (at least one). */
void member_add_hidden(struct buf *out, enum member_form form, enum member_kind kind,
                       struct str payload);

/* Compressing. */
struct member_packer;
/* `level` 1 to 12. */
struct member_packer *member_packer_new(enum member_form form, int level);
void member_packer_free(struct member_packer *p);
/* The most bytes that a member of `raw_len` bytes may take. */
size_t member_bound(size_t raw_len);
/* Make one member of `raw` in `out`, which has room for member_bound. Returns its length; *crc is the raw bytes'. */
size_t member_pack(struct member_packer *p, const void *raw, size_t raw_len, unsigned char *out,
                   uint32_t *crc);
/* The bare deflate stream of `raw`, appended to `out`. For a packer of gzip. */
void member_deflate(struct member_packer *p, struct str raw, struct buf *out);

/* Inflating. */
struct member_opener;
struct member_opener *member_opener_new(void);
void member_opener_free(struct member_opener *o);
/* Inflate a whole data member of which `head` tells. Errors: DATA when it is not exactly what its head, its checksum
 * and its length say. */
int member_unpack(struct member_opener *o, const unsigned char *p, const struct member_head *head,
                  unsigned char *raw, uint32_t *crc, struct err *e) MUST_CHECK;
/* A bare deflate stream that gives exactly raw_len bytes. Errors: DATA. */
int member_inflate(struct member_opener *o, struct str packed, void *raw, size_t raw_len,
                   struct err *e) MUST_CHECK;

uint32_t member_crc32(const void *p, size_t len);
/* Go on from the CRC-32 of what came before. */
uint32_t member_crc32_more(uint32_t crc, const void *p, size_t len);

/* Let libdeflate look at the CPU, in the calling thread, before several threads do so at once. */
void member_prepare(void);

#endif
