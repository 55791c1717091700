/*
 * A tree to an archive: walk, tar, groups, parallel compression, in order to a sink. FORMAT.md describes
 * the bytes. Memory: jobs × (group and its compressed form), and some 20 MiB of index and hardlinks at most, whatever
 * the tree's size; but the names of one directory are kept while it is walked.
 */
#ifndef WS_PACK_WRITER_H
#define WS_PACK_WRITER_H

#include "base/defs.h"
#include "base/err.h"
#include "base/io.h"
#include "base/progress.h"
#include "pack/exclude.h"

enum writer_format { WRITER_TAR_GZ, WRITER_TAR_ZST, WRITER_TAR };

/* What becomes of files that are secrets by their names (secrets.h), unless they were asked for by name. */
enum writer_secrets { WRITER_SECRETS_KEEP, WRITER_SECRETS_WARN, WRITER_SECRETS_EXCLUDE };

/* Where the archive goes, when that may lie within the tree: the file `name` of this directory and temporary files
 * beside it (DIR_TEMP_PREFIX) are left out. */
struct writer_output {
	uint64_t dir_dev, dir_ino;
	const char *name;
};

struct writer_options {
	int format;    /* enum writer_format */
	int level;     /* 1 to 12; 0: of tar.gz 5, with `order` 6, of zstd 3 */
	unsigned jobs; /* compressing threads; 0: one per core */
	const struct exclude *exclude;
	const struct writer_output *output; /* NULL: it is elsewhere */
	bool vcs_ignores; /* leave out what .gitignore files in the tree and .git/info/exclude say */
	bool exclude_caches; /* of directories with a CACHEDIR.TAG store just that and themselves */
	int secrets; /* enum writer_secrets: kept, kept and counted, or left out and counted */
	bool order;  /* by restore priority (order.h), in several walks */
	bool one_file_system;
	bool reproducible; /* owner 0, no names, no holes, whole-second times clamped to mtime_max_s */
	int64_t mtime_max_s; /* with reproducible; 0: no clamp */
	bool unhashed;       /* result.sha256 is not wanted */
	bool keep_going;     /* unreadable things are left out and counted instead of ending it */
	struct progress *progress;
	/* Told of each thing that was left out or changed while it was read; may be NULL. Runs in the calling
	 * thread. `e` says what and why; the record goes on. */
	void (*notice)(void *ctx, const struct err *e);
	void *notice_ctx;
	/* Not NULL: it is told of each thing that would be stored, in order; no file is opened, and the sink, which may
	 * be NULL, gets nothing. Sizes are those of a stat. */
	void (*would)(void *ctx, struct str path, uint64_t size_bytes);
	void *would_ctx;
};

struct writer_result {
	uint64_t entries, files;
	uint64_t content_bytes; /* of the files */
	uint64_t archive_bytes; /* given to the sink */
	uint64_t unreadable;    /* left out with keep_going: the archive is PARTIAL when > 0 */
	uint64_t
		changed; /* grew or shrank while read (stored as the header said), or vanished before */
	uint64_t skipped; /* sockets, devices, FIFOs, files of others: never stored */
	uint64_t secrets; /* what looks like one by its name; secret: the first path, for people */
	char secret[400];
	char sha256[65]; /* of the archive's bytes; "" with `unhashed` */
};

/* Archive what is below `dirfd` (the entry names are relative to it; the directory itself is entry "." with its
 * mode and time). `paths`: only these (relative, beneath) and what is below them, NULL: all.
 * The sink is written but neither finished nor aborted: that is the caller's decision.
 * Errors: IO naming the path; the sink's own. */
int writer_tree(int dirfd, const char *const *paths, size_t path_count,
                const struct writer_options *options, struct sink *sink,
                struct writer_result *result, struct err *e) MUST_CHECK;

#endif
