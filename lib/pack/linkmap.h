/* The files with several names that were stored already. For the writer. */
#ifndef WS_PACK_LINKMAP_H
#define WS_PACK_LINKMAP_H

#include "base/buf.h"
#include "base/defs.h"
#include "base/str.h"

enum { LINKMAP_MAX = 128 * 1024 }; /* files; with their paths they take 15 MiB at most */

struct linkmap_slot {
	uint64_t dev, ino;
	uint32_t path_at;        /* in paths */
	uint16_t path_len, left; /* path_len 0: free; names that were not met yet, or UINT16_MAX */
};

struct linkmap {
	struct linkmap_slot *slots;
	size_t count, cap; /* cap is a power of two */
	struct buf paths;
};

void linkmap_init(struct linkmap *m);
void linkmap_free(struct linkmap *m);
/* The path that was put for this file, or the empty view; one of its names was met. */
struct str linkmap_find(struct linkmap *m, uint64_t dev, uint64_t ino);
/* `path` is not empty, and the first of so many names. When the map is full, files all of whose names were met are
 * forgotten; when that is not enough, all are: true. */
bool linkmap_put(struct linkmap *m, uint64_t dev, uint64_t ino, uint64_t names, struct str path);

#endif
