/* Open addressing over (device, inode). */
#include "pack/linkmap.h"

#include "base/mem.h"

void linkmap_init(struct linkmap *m)
{
	*m = (struct linkmap){ .paths = buf_make(SIZE_MAX / 2) };
}

void linkmap_free(struct linkmap *m)
{
	mem_free(m->slots);
	buf_free(&m->paths);
}

/* The slot that has the file, or where it would be. */
static size_t slot_of(const struct linkmap *m, uint64_t dev, uint64_t ino)
{
	uint64_t hash = (ino ^ (dev << 32 | dev >> 32)) * 0x9e3779b97f4a7c15ULL;
	size_t i = (size_t)(hash >> 32) & (m->cap - 1);
	while (m->slots[i].path_len > 0 && (m->slots[i].dev != dev || m->slots[i].ino != ino))
		i = (i + 1) & (m->cap - 1);
	return i;
}

struct str linkmap_find(const struct linkmap *m, uint64_t dev, uint64_t ino)
{
	if (m->count == 0)
		return (struct str){ "", 0 };
	const struct linkmap_slot *s = &m->slots[slot_of(m, dev, ino)];
	return str_from(m->paths.p + s->path_at, s->path_len);
}

static void grow(struct linkmap *m)
{
	struct linkmap_slot *old = m->slots;
	size_t old_cap = m->cap;
	m->cap = old_cap ? 2 * old_cap : 64;
	m->slots = mem_new(m->cap, sizeof(m->slots[0]));
	for (size_t i = 0; i < old_cap; i++)
		if (old[i].path_len > 0)
			m->slots[slot_of(m, old[i].dev, old[i].ino)] = old[i];
	mem_free(old);
}

void linkmap_put(struct linkmap *m, uint64_t dev, uint64_t ino, struct str path)
{
	if (m->count * 2 >= m->cap)
		grow(m);
	m->slots[slot_of(m, dev, ino)] = (struct linkmap_slot){ dev, ino, m->paths.len, path.len };
	buf_add_str(&m->paths, path);
	m->count++;
}
