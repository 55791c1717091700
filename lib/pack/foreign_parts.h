/* A foreign archive from the inside. For foreign and foreign_entry. */
#ifndef WS_PACK_FOREIGN_PARTS_H
#define WS_PACK_FOREIGN_PARTS_H

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

#include "base/buf.h"
#include "pack/feed.h"
#include "pack/foreign.h"
#include "pack/unpack.h"

struct foreign {
	struct source *source;
	struct limits limits;
	struct archive *a;
	/* For zip only. In a UTF-8 locale libarchive composes the names of pax headers (NFC), which would change them; in
	 * the C locale it fails to convert them, and gives them as they are. A zip's it would give with question marks. */
	locale_t utf8;
	bool is_zip;
	struct feed feed;           /* of a zip */
	struct unpack *unpack;      /* of a tar */
	struct err inner;           /* what went wrong below libarchive */
	uint64_t total;             /* bytes of the tar so far */
	uint64_t data_end;          /* behind the last one that is not zero */
	uint64_t content_end;       /* behind the last piece of the present file */
	uint64_t content;           /* bytes of all files so far */
	bool in_header;             /* libarchive is reading one, which began at most */
	uint64_t header_from;       /* so many bytes into the tar */
	struct buf header;          /* what of it lay in pieces that are gone */
	const unsigned char *piece; /* of the tar, that libarchive has */
	size_t piece_len;
	size_t given; /* bytes of the feed that libarchive has */
	struct entry entry;
	struct entry_xattr *xattrs;
	size_t xattrs_cap;
	bool any, ended; /* there was an entry; there are no more */
};

/* What libarchive says of an entry becomes f->entry. Errors: DATA for what no file can be. */
int foreign_take(struct foreign *f, struct archive_entry *from, struct err *e) MUST_CHECK;

/* `headers`: all blocks that belong to the header of one entry of a tar. Errors: DATA when not every tar would
 * understand the same. */
int foreign_check(struct str headers, const struct limits *limits, struct err *e) MUST_CHECK;

#endif
