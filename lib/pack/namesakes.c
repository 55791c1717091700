/* Each name leads to the list of those that are the same. */
#include "pack/namesakes.h"

#include <string.h>

#include "base/mem.h"

enum { CAP_MIN = 64, SLOTS_EACH = 2 };

/* Places are counted from 1: 0 is none. */
static void need_room(struct namesakes *n, size_t count)
{
	size_t cap = n->cap ? n->cap : CAP_MIN;
	while (cap < count + 1)
		cap *= 2;
	if (cap > n->cap) {
		n->order = mem_grow(n->order, cap, sizeof(n->order[0]));
		n->next = mem_grow(n->next, cap, sizeof(n->next[0]));
		n->last = mem_grow(n->last, cap, sizeof(n->last[0]));
		n->slots = mem_grow(n->slots, SLOTS_EACH * cap, sizeof(n->slots[0]));
		n->cap = cap;
	}
	memset(n->next, 0, cap * sizeof(n->next[0]));
	memset(n->last, 0, cap * sizeof(n->last[0]));
	memset(n->slots, 0, SLOTS_EACH * cap * sizeof(n->slots[0]));
}

void namesakes_free(struct namesakes *n)
{
	mem_free(n->order);
	mem_free(n->next);
	mem_free(n->last);
	mem_free(n->slots);
}

/* FNV-1a. Who makes names that collide makes his own archive slow, no more than quadratic in one group. */
static uint32_t hash(struct str name)
{
	uint32_t h = 2166136261U;
	for (size_t i = 0; i < name.len; i++)
		h = (h ^ (unsigned char)name.p[i]) * 16777619U;
	return h ^ h >> 15;
}

/* The first of this name, which may be this one itself. */
static uint32_t first_of(struct namesakes *n, const struct str *names, uint32_t at)
{
	size_t mask = SLOTS_EACH * n->cap - 1;
	size_t slot = hash(names[at - 1]) & mask;
	while (n->slots[slot] && !str_eq(names[n->slots[slot] - 1], names[at - 1]))
		slot = (slot + 1) & mask;
	if (!n->slots[slot])
		n->slots[slot] = at;
	return n->slots[slot];
}

bool namesakes_order(struct namesakes *n, const struct str *names, size_t count)
{
	size_t done = 0;
	bool moved = false;
	need_room(n, count);
	for (uint32_t at = 1; at <= count; at++) {
		uint32_t first = names[at - 1].len > 0 ? first_of(n, names, at) : at;
		if (first != at)
			n->next[n->last[first]] = at;
		n->last[first] = at;
		/* Those that follow another are found from the first. */
		if (first != at)
			n->last[at] = 0;
	}
	for (uint32_t at = 1; at <= count; at++)
		for (uint32_t i = n->last[at] ? at : 0; i; i = n->next[i]) {
			moved |= i - 1 != done;
			n->order[done++] = i - 1;
		}
	return moved;
}
