/* The paths that were made so far, each with a number of the caller's. Keyed hashes (SipHash-1-3) instead of the paths:
 * sixteen bytes a path. For lib/pack itself. */
#ifndef WS_PACK_PATHSET_H
#define WS_PACK_PATHSET_H

#include "base/defs.h"
#include "base/str.h"

struct pathset_slot {
	uint64_t hash; /* 0: free */
	uint64_t value;
};

struct pathset {
	uint64_t key[2];
	struct pathset_slot *slots;
	size_t count, cap; /* cap is a power of two */
};

void pathset_init(struct pathset *s);
void pathset_free(struct pathset *s);
/* Forget all paths. */
void pathset_clear(struct pathset *s);
/* The value of `path`, valid until the next put; NULL when it is not there. */
uint64_t *pathset_find(const struct pathset *s, struct str path);
/* `path` is not there yet. */
void pathset_put(struct pathset *s, struct str path, uint64_t value);

#endif
