/*
 * The disk writer: entries to files beneath a descriptor. Names are clean paths; every operation is on an open directory
 * and a single name. Small files are written by workers; the caller's thread makes directories and large files, and
 * at the end hardlinks, then symlinks, then modes and times of directories. Memory does not grow with the tree: when
 * so many paths are known (`kept`) they are put on disk, what has to come last in files without names beneath the root,
 * with a FIFO where a link will be, and are forgotten; what is met later is looked at. For lib/pack itself.
 */
#ifndef WS_PACK_DISK_H
#define WS_PACK_DISK_H

#include "base/defs.h"
#include "base/err.h"
#include "base/progress.h"
#include "os/pool.h"
#include "pack/entry.h"
#include "pack/flow.h"
#include "pack/limits.h"

enum { DISK_SMALL_MAX = 1 << 20 }; /* content that workers may write */

struct disk_options {
	struct pool *pool;
	unsigned batches; /* handed to workers at the same time; each may hold one group */
	bool same_owner;
	size_t kept; /* paths that are known in memory, before the disk is asked for them; 0: the default */
	struct progress *progress;
};

struct disk;

/* `root` stays the caller's and stays open. It was made for this, and nobody else reaches it. */
int disk_open(int root, const struct disk_options *options, struct disk **out,
              struct err *e) MUST_CHECK;
/* Wait for the workers and free; what was not finished stays as it is. */
void disk_close(struct disk *d);

/* Each puts one entry at `path`. A path that comes again replaces what the archive had there before, unless a directory
 * is involved. Errors: DATA for that, for a path through something that is no directory, and for what was there before
 * this archive. */
int disk_dir(struct disk *d, const struct entry *entry, struct str path, struct err *e) MUST_CHECK;
int disk_symlink(struct disk *d, const struct entry *entry, struct str path,
                 struct err *e) MUST_CHECK;
/* `target` is a clean path that was put before, or one of disk_aside. */
int disk_hardlink(struct disk *d, const struct entry *entry, struct str path, struct str target,
                  struct err *e) MUST_CHECK;

/* The path, to *out, of the place with this number: for files that are wanted for their hardlinks alone, and put there
 * whenever they come. The places are gone at the end. */
void disk_aside(struct disk *d, uint32_t number, struct buf *out);

/* A small file without attributes. Its content lies in `group`, which is held until it is written; or, with NULL, is
 * copied. sha256 (or NULL) is what it has to be. */
int disk_small(struct disk *d, const struct entry *entry, struct str path, struct flow_group *group,
               const void *content, const unsigned char *sha256, struct err *e) MUST_CHECK;

/* Any other file: open, any number of writes, close. */
struct disk_file {
	int fd;
	uint64_t end; /* behind the last byte written */
};
int disk_file_open(struct disk *d, const struct entry *entry, struct str path, struct disk_file *f,
                   struct err *e) MUST_CHECK;
int disk_file_write(struct disk *d, struct disk_file *f, const void *p, size_t len, uint64_t offset,
                    struct err *e) MUST_CHECK;
/* Give it its size, attributes, owner, mode and time, and close it. */
int disk_file_close(struct disk *d, struct disk_file *f, const struct entry *entry,
                    struct err *e) MUST_CHECK;
/* Close it after an error. */
void disk_file_abandon(struct disk_file *f);

/* Whether something was put at `path`: 1, 0, -1. */
int disk_has(const struct disk *d, struct str path, struct err *e) MUST_CHECK;
/* Have everything on disk that was given so far; no group is held afterwards. */
int disk_drain(struct disk *d, struct err *e) MUST_CHECK;
/* Everything that has to come last. */
int disk_finish(struct disk *d, struct err *e) MUST_CHECK;

#endif
