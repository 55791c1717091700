/* A set of files, by device and inode: those with several names that were counted already. */
#ifndef WS_BASE_INODES_H
#define WS_BASE_INODES_H

#include "base/defs.h"

/* Open addressing, a power of two, at most half full. All zero: empty. */
struct inodes {
	struct inodes_slot {
		uint64_t dev, ino;
	} * slots; /* ino 0: free; no file has it */
	size_t cap, count;
};
#define INODES_AUTO AUTO(inodes_free) struct inodes

/* Whether it is new. */
bool inodes_add(struct inodes *s, uint64_t dev, uint64_t ino);
void inodes_free(struct inodes *s);

#endif
