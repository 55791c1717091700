/* The disk writer from the inside. */
#ifndef WS_PACK_DISK_PARTS_H
#define WS_PACK_DISK_PARTS_H

#include "base/buf.h"
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
	bool said;      /* there was an entry for it, with attrs */
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

/* What is at a path: the low bits of its value in the set. Above them: the number of the directory or link. */
enum disk_kind { DISK_FILE, DISK_DIR, DISK_SYMLINK, DISK_HARDLINK };

struct disk_batch;

struct disk {
	struct disk_options options;
	int root;
	uint32_t granted;     /* permission bits that a new file gets when it asks for all */
	struct pathset paths; /* with ascending paths without the files ... */
	struct buf last_file; /* ... but for this */
	struct disk_dirs dirs;
	struct disk_link *links;
	size_t link_count, link_cap;
	struct buf text;
	struct disk_batch *batches;
	size_t now, oldest, waiting;
};

struct disk_attrs disk_attrs_of(const struct entry *entry);
/* Owner, mode and time of an open node. `mode_is`: the permission bits it has already. */
int disk_attrs_set(const struct disk *d, int fd, const struct disk_attrs *a, uint32_t mode_is,
                   const char *what, struct err *e) MUST_CHECK;

/* disk_dirs.c: the open directory `path`, made with its parents when it is not there. It stays open until the next
 * call unless held. */
int disk_dirs_init(struct disk *d, struct err *e) MUST_CHECK;
void disk_dirs_free(struct disk *d);
int disk_dirs_need(struct disk *d, struct str path, struct disk_dir **out,
                   struct err *e) MUST_CHECK;
/* Modes and times of all, the deepest first. */
int disk_dirs_finish(struct disk *d, struct err *e) MUST_CHECK;

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
int disk_links_finish(struct disk *d, struct err *e) MUST_CHECK;

#endif
