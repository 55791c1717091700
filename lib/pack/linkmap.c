/* Open addressing over (device, inode). */
#include "pack/linkmap.h"

#include "base/mem.h"

enum { TEXT_MAX = 8 << 20, FIRST_CAP = 64 };

void linkmap_init(struct linkmap *m)
{
	*m = (struct linkmap){ .paths = buf_make(TEXT_MAX) };
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

struct str linkmap_find(struct linkmap *m, uint64_t dev, uint64_t ino)
{
	if (m->count == 0)
		return (struct str){ "", 0 };
	struct linkmap_slot *s = &m->slots[slot_of(m, dev, ino)];
	if (s->left > 0 && s->left < UINT16_MAX)
		s->left--;
	return str_from(m->paths.p + s->path_at, s->path_len);
}

static void add(struct linkmap *m, const struct linkmap_slot *file, struct str path)
{
	struct linkmap_slot *s = &m->slots[slot_of(m, file->dev, file->ino)];
	*s = *file;
	s->path_at = (uint32_t)m->paths.len;
	s->path_len = (uint16_t)path.len;
	buf_add_str(&m->paths, path);
	m->count++;
}

/* Into so many slots, those that have names to come or, without `all`, none. */
static void move(struct linkmap *m, size_t cap, bool all)
{
	struct linkmap old = *m;
	linkmap_init(m);
	m->cap = cap;
	m->slots = mem_new(cap, sizeof(m->slots[0]));
	for (size_t i = 0; all && i < old.cap; i++) {
		const struct linkmap_slot *s = &old.slots[i];
		if (s->path_len > 0 && s->left > 0)
			add(m, s, str_from(old.paths.p + s->path_at, s->path_len));
	}
	linkmap_free(&old);
}

static bool is_full(const struct linkmap *m, size_t more)
{
	return m->count >= LINKMAP_MAX || m->paths.len + more > TEXT_MAX;
}

bool linkmap_put(struct linkmap *m, uint64_t dev, uint64_t ino, uint64_t names, struct str path)
{
	bool forgot = false;
	if (is_full(m, path.len)) {
		move(m, m->cap, true);
		/* Half of it, lest the next few are it again. */
		forgot = is_full(m, TEXT_MAX / 2) || m->count > LINKMAP_MAX / 2;
		if (forgot)
			move(m, FIRST_CAP, false);
	} else if (m->count * 2 >= m->cap) {
		move(m, m->cap ? 2 * m->cap : FIRST_CAP, true);
	}
	const struct linkmap_slot file = {
		.dev = dev,
		.ino = ino,
		.left = names - 1 < UINT16_MAX ? (uint16_t)(names - 1) : UINT16_MAX,
	};
	add(m, &file, path);
	return forgot;
}
