/* Each name leads to the list of those that are the same. Places are counted from 1: 0 is none. */
#include "pack/gather.h"

#include <string.h>

#include "base/mem.h"
#include "pack/names.h"

enum { CAP_MIN = 64, SLOTS_EACH = 2, PLACED = 1, LEFT = 2, TORN = 4 };

static void need_room(struct gather *g, size_t count)
{
	size_t cap = g->cap ? g->cap : CAP_MIN;
	while (cap < count + 1)
		cap *= 2;
	if (cap > g->cap) {
		g->order = mem_grow(g->order, cap, sizeof(g->order[0]));
		g->next = mem_grow(g->next, cap, sizeof(g->next[0]));
		g->last = mem_grow(g->last, cap, sizeof(g->last[0]));
		g->parent = mem_grow(g->parent, cap, sizeof(g->parent[0]));
		g->stack = mem_grow(g->stack, cap, sizeof(g->stack[0]));
		g->slots = mem_grow(g->slots, SLOTS_EACH * cap, sizeof(g->slots[0]));
		g->flags = mem_grow(g->flags, cap, 1);
		g->cap = cap;
	}
	memset(g->next, 0, cap * sizeof(g->next[0]));
	memset(g->last, 0, cap * sizeof(g->last[0]));
	memset(g->slots, 0, SLOTS_EACH * cap * sizeof(g->slots[0]));
	memset(g->flags, 0, cap);
	g->count = 0;
}

void gather_free(struct gather *g)
{
	mem_free(g->order);
	mem_free(g->next);
	mem_free(g->last);
	mem_free(g->parent);
	mem_free(g->stack);
	mem_free(g->slots);
	mem_free(g->flags);
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
static uint32_t first_of(struct gather *g, const struct gather_item *items, uint32_t at)
{
	struct str name = names_last(items[at - 1].path);
	size_t mask = SLOTS_EACH * g->cap - 1;
	size_t slot = hash(name) & mask;
	while (g->slots[slot] && !str_eq(names_last(items[g->slots[slot] - 1].path), name))
		slot = (slot + 1) & mask;
	if (!g->slots[slot])
		g->slots[slot] = at;
	return g->slots[slot];
}

static void find_namesakes(struct gather *g, const struct gather_item *items, uint32_t count)
{
	for (uint32_t at = 1; at <= count; at++) {
		if (items[at - 1].kind != GATHER_FILE)
			continue;
		uint32_t first = first_of(g, items, at);
		if (first != at)
			g->next[g->last[first]] = at;
		g->last[first] = at;
	}
}

/* The directory in the list that each item is in; of a repetition the directory itself. */
static void find_parents(struct gather *g, const struct gather_item *items, uint32_t count)
{
	uint32_t dir = 0;
	for (uint32_t at = 1; at <= count; at++) {
		while (dir && !names_within(items[at - 1].path, items[dir - 1].path))
			dir = g->parent[dir];
		g->parent[at] = dir;
		if (items[at - 1].kind == GATHER_DIR)
			dir = at;
	}
}

static void place(struct gather *g, uint32_t at)
{
	if (g->flags[at] & PLACED)
		return;
	g->flags[at] |= PLACED;
	g->order[g->count++] = at;
}

/* The directory and those above it, from above. */
static void place_above(struct gather *g, uint32_t dir)
{
	size_t depth = 0;
	for (; dir && !(g->flags[dir] & PLACED); dir = g->parent[dir])
		g->stack[depth++] = dir;
	while (depth > 0)
		place(g, g->stack[--depth]);
}

/* Leave out repetitions of directories that nothing comes into after a tar, as GNU tar does, has left them. By the time that a
 * repetition comes all of the directory has come. */
static void drop_needless(struct gather *g, const struct gather_item *items)
{
	uint32_t dir =
		0; /* where that tar is: in this one and those above it, but for what it has left */
	size_t kept = 0;
	for (size_t i = 0; i < g->count; i++) {
		uint32_t at = g->order[i], in = g->parent[at];
		const struct gather_item *item = &items[at - 1];
		if (item->kind == GATHER_AGAIN && in && !(g->flags[in] & TORN))
			continue;
		while (dir &&
		       ((g->flags[dir] & LEFT) || !names_within(item->path, items[dir - 1].path))) {
			g->flags[dir] |= LEFT;
			dir = g->parent[dir];
		}
		if (g->flags[in] & LEFT)
			g->flags[in] |= TORN;
		if (item->kind == GATHER_DIR)
			dir = at;
		g->order[kept++] = at - 1;
	}
	g->count = kept;
}

bool gather_order(struct gather *g, const struct gather_item *items, size_t count)
{
	bool changed = false;
	need_room(g, count);
	find_parents(g, items, (uint32_t)count);
	find_namesakes(g, items, (uint32_t)count);
	for (uint32_t at = 1; at <= count; at++) {
		place(g, at);
		for (uint32_t i = g->next[at]; i; i = g->next[i])
			place_above(g, g->parent[i]);
		for (uint32_t i = g->next[at]; i; i = g->next[i])
			place(g, i);
	}
	drop_needless(g, items);
	for (size_t i = 0; i < g->count; i++)
		changed |= g->order[i] != i;
	return changed || g->count < count;
}
