/* The records of a pax header ('x'), as far as tar_format writes them. For tar_parse. */
#ifndef WS_PACK_TAR_PAX_H
#define WS_PACK_TAR_PAX_H

#include "pack/tar.h"

struct tar_pax {
	struct str path, link, sparse_name; /* p NULL: not given */
	uint64_t size, uid, gid, realsize;
	int64_t mtime_s;
	uint32_t mtime_ns;
	bool has_size, has_uid, has_gid, has_mtime, has_realsize;
	bool sparse_major, sparse_minor; /* given, as 1 and 0 */
	bool again;                      /* the comment is TAR_AGAIN */
	size_t xattr_count;              /* in s->xattrs */
	uint64_t xattr_bytes;
};

/* Read all records of `text`. Errors: DATA for a broken record, a key that comes twice, a value that is no number, and
 * GNU.sparse keys of other versions. Keys that say nothing to us are passed over. */
int tar_pax_parse(struct str text, const struct limits *limits, struct tar_scratch *s,
                  struct tar_pax *out, struct err *e) MUST_CHECK;

/* Cut the first record off *text. Errors: DATA when it is broken. */
int tar_pax_next(struct str *text, struct str *key, struct str *value, struct err *e) MUST_CHECK;
/* [-]seconds[.decimals], of which nine are kept. Errors: DATA, naming `key`. */
int tar_pax_time(struct str key, struct str value, int64_t *seconds, uint32_t *ns,
                 struct err *e) MUST_CHECK;

#endif
