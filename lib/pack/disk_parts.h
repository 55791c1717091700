/* The disk writer from the inside. */
#ifndef WS_PACK_DISK_PARTS_H
#define WS_PACK_DISK_PARTS_H

#include "base/buf.h"
#include "os/dir.h"
#include "pack/disk.h"
#include "pack/pathset.h"

/* Who may change what on a node, and to what. */
struct disk_attrs {
	uint32_t mode; /* 0777 at most */
	uint64_t uid, gid;
	int64_t mtime_s;
	uint32_t mtime_ns;
};

struct disk_dir {
	char *path;
	int fd;         /* -1: closed for now */
	unsigned holds; /* who needs fd open */
	bool made;      /* here, which is not on disk for later */
	bool said;      /* there was an entry for it, with attrs; as well */
	struct disk_attrs attrs;
};

struct disk_dirs {
	struct disk_dir **list; /* the first is the root */
	size_t count, cap;
	size_t open, hand;      /* descriptors open; where to look for one to close */
	uint64_t dev, mount_id; /* of the root; mount_id 0: the kernel does not say */
};

struct disk_link {
	size_t path_at, path_len, target_at, target_len; /* in disk.text */
	struct disk_attrs attrs;
	bool symlink;
	bool gone; /* replaced, or made */
};

/* What has to come last: a link, or a directory. */
struct disk_late {
	struct str path; /* NUL behind it */
	struct str target;
	struct disk_attrs attrs;
	bool symlink;
	bool said; /* of a directory, as above */
};

/* Such records in a file without a name, written from its start to its end. A path leans on the one before. */
struct disk_spill {
	int fd; /* -1: nothing was written yet */
	uint64_t end;
	struct buf bytes; /* to be written */
	struct buf path;  /* of the last record */
};

struct disk_spill_cursor {
	const struct disk_spill *spill;
	uint64_t at, end;
	uint64_t number; /* of the record at hand; the first is 1 */
	struct buf bytes, path;
	size_t used;
	struct disk_late late; /* at hand; valid until the next one is */
	bool ended;
};

/* Records in descending order of their paths: what was known when it was written. */
struct disk_run {
	uint64_t from, to;
};
enum { DISK_RUNS = 128 };

/* What is at a path: the low bits of its value in the set. Above them: the number of the directory or link. */
enum disk_kind { DISK_FILE, DISK_DIR, DISK_SYMLINK, DISK_HARDLINK };

enum { DISK_ASIDE_MAX = sizeof(DIR_TEMP_PREFIX) + 16 };

struct disk_batch;

struct disk {
	struct disk_options options;
	int root;
	char aside[DISK_ASIDE_MAX]; /* the directory of disk_aside; "": there is none */
	uint32_t granted;           /* permission bits that a new file gets when it asks for all */
	struct pathset paths;       /* those of the present and, unless `settled`, all */
	bool settled;               /* some were put on disk and forgotten */
	struct disk_dirs dirs;
	struct disk_link *links;
	size_t link_count, link_cap;
	size_t linked; /* so many were tried by disk_links_to_files */
	struct buf text;
	size_t text_bytes; /* of the paths and targets that are known */
	struct disk_spill late_links, late_dirs;
	uint64_t late_count; /* of links */
	struct disk_run runs[DISK_RUNS];
	size_t run_count;
	struct disk_batch *batches;
	size_t now, oldest, waiting;
};

struct disk_attrs disk_attrs_of(const struct entry *entry);
/* Owner, mode and time of an open node. `mode_is`: the permission bits it has already. */
int disk_attrs_set(const struct disk *d, int fd, const struct disk_attrs *a, uint32_t mode_is,
                   const char *what, struct err *e) MUST_CHECK;

/* Making `name` failed with `e`: 0 when that was for something that the archive put there before, and it was removed. */
int disk_make_way(const struct disk *d, int dirfd, const char *name, struct err *e) MUST_CHECK;

/* Whether `path` is that of a place beside the tree, or the directory of them. */
bool disk_is_aside(const struct disk *d, struct str path);
/* The error of a hardlink to what is no file. */
int disk_leads_nowhere(const struct disk *d, struct str path, struct str target, struct err *e);

/* disk_spill.c */
void disk_spill_init(struct disk_spill *s);
void disk_spill_free(struct disk_spill *s);
int disk_spill_add(struct disk_spill *s, int root, const struct disk_late *late,
                   struct err *e) MUST_CHECK;
/* Where the next record begins, which does not lean on any. */
uint64_t disk_spill_cut(struct disk_spill *s);
/* Have everything in the file, to be read. */
int disk_spill_flush(struct disk_spill *s, int root, struct err *e) MUST_CHECK;
struct disk_spill_cursor disk_spill_read(const struct disk_spill *s, uint64_t from, uint64_t to);
/* The next record: 1, 0 at the end, -1. */
int disk_spill_next(struct disk_spill_cursor *c, struct err *e) MUST_CHECK;
void disk_spill_done(struct disk_spill_cursor *c);

/* disk_dirs.c: the open directory `path`, made with its parents when it is not there. It stays open until the next
 * call unless held. */
int disk_dirs_init(struct disk *d, struct err *e) MUST_CHECK;
void disk_dirs_free(struct disk *d);
int disk_dirs_need(struct disk *d, struct str path, struct disk_dir **out,
                   struct err *e) MUST_CHECK;
/* Open `path` beneath `at`, unless something was mounted on it since it was made. */
int disk_dirs_open(const struct disk *d, int at, const char *path, int *fd,
                   struct err *e) MUST_CHECK;
/* Put the list in order: the root first, then what is below a directory before it. */
void disk_dirs_sort(struct disk *d);
/* Forget all but the root; nobody needs them. */
void disk_dirs_forget(struct disk *d);

/* disk_settle.c: when as much is known as may be, put everything on disk and forget it. */
int disk_settle_full(struct disk *d, struct err *e) MUST_CHECK;
/* Modes and times of all directories, the deepest first. */
int disk_settle_dirs(struct disk *d, struct err *e) MUST_CHECK;

/* disk_batch.c: what the workers do. */
void disk_batch_init(struct disk *d);
void disk_batch_free(struct disk *d);
int disk_batch_add(struct disk *d, struct disk_dir *dir, struct str name, const struct entry *entry,
                   struct flow_group *group, const void *content, const unsigned char *sha256,
                   struct err *e) MUST_CHECK;
/* Have everything written that was given so far. */
int disk_batch_drain(struct disk *d, struct err *e) MUST_CHECK;

/* disk_links.c */
size_t disk_links_add(struct disk *d, const struct entry *entry, struct str path, struct str target,
                      bool symlink);
/* Make the hardlinks whose files are there; the workers have written all. */
int disk_links_to_files(struct disk *d, struct err *e) MUST_CHECK;
/* The same, and write down all others that are known, with something in their places. */
int disk_links_settle(struct disk *d, struct err *e) MUST_CHECK;
int disk_links_finish(struct disk *d, struct err *e) MUST_CHECK;

#endif
