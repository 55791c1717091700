/*
 * Unpacking that nothing escapes: everything beneath a held descriptor, new files only (O_EXCL), hardlinks
 * only to files made in this run, symlinks last, directory modes and times last through descriptors,
 * setuid, setgid and devices dropped.
 */
#ifndef WS_PACK_EXTRACT_H
#define WS_PACK_EXTRACT_H

#include "base/defs.h"
#include "base/err.h"
#include "base/io.h"
#include "base/progress.h"
#include "pack/limits.h"
#include "pack/reader.h"

struct extract_options {
	const struct limits *limits;
	unsigned jobs;
	unsigned strip;  /* leading components to drop; entries with fewer are skipped */
	bool same_owner; /* chown to the header's numeric ids (needs root) */
	const char *const
		*patterns; /* only entries whose path, or a parent of it, matches one (str_glob) */
	size_t pattern_count;
	bool *pattern_found; /* for each pattern: set when something matches it; NULL: not asked for */
	bool foreign;        /* as in reader_options */
	size_t kept;         /* as in disk_options (tests) */
	struct progress *progress;
	void (*notice)(void *ctx,
	               const struct err *e); /* what was skipped (a device) and why; may be NULL */
	void *notice_ctx;
	/* Not NULL: it is told of each entry that would be unpacked, and to which path; no content is read, and nothing is made
	 * in `dirfd`. 0, or -1 to end it. */
	int (*would)(void *ctx, struct str path, const struct entry *entry, struct err *e);
	void *would_ctx;
};

struct extract_result {
	uint64_t entries, content_bytes;
	uint64_t skipped; /* devices, sockets, unknown types */
	uint64_t matched; /* by patterns */
};

/* Unpack into the directory `dirfd`, which should be empty and reachable by nobody else (a staging
 * directory): what is there already is never written to or through, an entry that meets it is a DATA error
 * (or, of an archive with more entries than `kept`, may replace a file).
 * An entry that would climb out is a DATA error, and nothing outside is touched. On failure what was
 * unpacked stays for the caller to remove. Within the archive the last of several entries for one path
 * wins, with a new inode; when one of them is a directory and another is not, it is a DATA error. */
int extract_tree(struct source *source, int dirfd, const struct extract_options *options,
                 struct extract_result *result, struct err *e) MUST_CHECK;

#endif
