/* The set. */
#include "base/inodes.h"

#include "base/mem.h"

static bool put(struct inodes *s, uint64_t dev, uint64_t ino)
{
	size_t at = (size_t)((ino ^ (dev << 7)) * 0x9e3779b97f4a7c15u >> 20) & (s->cap - 1);
	while (s->slots[at].ino) {
		if (s->slots[at].ino == ino && s->slots[at].dev == dev)
			return false;
		at = (at + 1) & (s->cap - 1);
	}
	s->slots[at] = (struct inodes_slot){ dev, ino };
	s->count++;
	return true;
}

bool inodes_add(struct inodes *s, uint64_t dev, uint64_t ino)
{
	if (2 * (s->count + 1) > s->cap) {
		struct inodes bigger = { .cap = s->cap ? 2 * s->cap : 1024 };
		bigger.slots = mem_new(bigger.cap, sizeof(*bigger.slots));
		for (size_t i = 0; i < s->cap; i++) {
			if (s->slots[i].ino)
				put(&bigger, s->slots[i].dev, s->slots[i].ino);
		}
		mem_free(s->slots);
		*s = bigger;
	}
	return put(s, dev, ino);
}

void inodes_free(struct inodes *s)
{
	mem_free(s->slots);
	*s = (struct inodes){ .cap = 0 };
}
