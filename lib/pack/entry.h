/* One thing in an archive: what a tar header says, in host form. The common language of writer, readers,
 * extractor, index. */
#ifndef WS_PACK_ENTRY_H
#define WS_PACK_ENTRY_H

#include "base/defs.h"
#include "base/str.h"

enum entry_type {
	ENTRY_TYPE_FILE = 0,
	ENTRY_TYPE_DIR,
	ENTRY_TYPE_SYMLINK,
	ENTRY_TYPE_HARDLINK,
	ENTRY_TYPE_FIFO,
	ENTRY_TYPE_CHAR,
	ENTRY_TYPE_BLOCK,
	ENTRY_TYPE_OTHER, /* read from a foreign archive, not to be unpacked */
};

struct entry_xattr {
	struct str name, value; /* name "user.x" */
};

struct entry_extent {
	uint64_t offset, len; /* data of a sparse file */
};

struct entry {
	struct str path; /* raw bytes, as in the header */
	enum entry_type type;
	bool again;    /* a directory that came before: only the first tells of it */
	uint32_t mode; /* permission bits with setuid, setgid, sticky */
	uint64_t uid, gid;
	struct str uname, gname; /* may be empty */
	int64_t mtime_s;
	uint32_t mtime_ns;
	uint64_t size_bytes; /* of the content as a reader of the file sees it; 0 unless FILE */
	struct str link;     /* target of SYMLINK and HARDLINK */
	const struct entry_xattr *xattrs;
	size_t xattr_count;
	const struct entry_extent *extents; /* NULL: not sparse */
	size_t extent_count;
};

/* One letter as in ls -l: '-', 'd', 'l', 'h', 'p', 'c', 'b', '?'. And a word for --json. */
char entry_type_letter(enum entry_type t);
const char *entry_type_name(enum entry_type t);

#endif
