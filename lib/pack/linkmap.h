/* The files with several names that were stored already. For the writer. */
#ifndef WS_PACK_LINKMAP_H
#define WS_PACK_LINKMAP_H

#include "base/buf.h"
#include "base/defs.h"
#include "base/str.h"

struct linkmap_slot {
	uint64_t dev, ino;
	size_t path_at, path_len; /* in paths; path_len 0: free */
};

struct linkmap {
	struct linkmap_slot *slots;
	size_t count, cap; /* cap is a power of two */
	struct buf paths;
};

void linkmap_init(struct linkmap *m);
void linkmap_free(struct linkmap *m);
/* The path that was put for this file, or the empty view. */
struct str linkmap_find(const struct linkmap *m, uint64_t dev, uint64_t ino);
/* `path` is not empty. */
void linkmap_put(struct linkmap *m, uint64_t dev, uint64_t ino, struct str path);

#endif
