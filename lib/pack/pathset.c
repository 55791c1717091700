/* Open addressing. The key is random, so no archive can be made whose paths collide. */
#include "pack/pathset.h"

#include <string.h>

#include "base/mem.h"
#include "os/sys.h"
#include "pack/wire.h"

static uint64_t turn(uint64_t x, unsigned n)
{
	return x << n | x >> (64 - n);
}

static void round_once(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = turn(v[1], 13) ^ v[0];
	v[3] = turn(v[3], 16) ^ v[2];
	v[0] = turn(v[0], 32) + v[3];
	v[2] += v[1];
	v[3] = turn(v[3], 21) ^ v[0];
	v[1] = turn(v[1], 17) ^ v[2];
	v[2] = turn(v[2], 32);
}

/* SipHash-1-3 (Aumasson, Bernstein: "SipHash: a fast short-input PRF"); never 0. */
static uint64_t hash_of(const struct pathset *s, struct str path)
{
	uint64_t v[4] = { s->key[0] ^ 0x736f6d6570736575ULL, s->key[1] ^ 0x646f72616e646f6dULL,
		          s->key[0] ^ 0x6c7967656e657261ULL, s->key[1] ^ 0x7465646279746573ULL };
	unsigned char last[8] = { 0 };
	size_t left = path.len % 8, whole = path.len - left;
	for (size_t i = 0; i < whole; i += 8) {
		uint64_t m = wire_u64((const unsigned char *)path.p + i);
		v[3] ^= m;
		round_once(v);
		v[0] ^= m;
	}
	memcpy(last, path.p + whole, left);
	last[7] = (unsigned char)path.len;
	uint64_t m = wire_u64(last);
	v[3] ^= m;
	round_once(v);
	v[0] ^= m;
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		round_once(v);
	uint64_t hash = v[0] ^ v[1] ^ v[2] ^ v[3];
	return hash ? hash : 1;
}

void pathset_init(struct pathset *s)
{
	*s = (struct pathset){ .cap = 1024 };
	sys_random(s->key, sizeof(s->key));
	s->slots = mem_new(s->cap, sizeof(s->slots[0]));
}

void pathset_free(struct pathset *s)
{
	mem_free(s->slots);
	s->slots = NULL;
}

void pathset_clear(struct pathset *s)
{
	memset(s->slots, 0, s->cap * sizeof(s->slots[0]));
	s->count = 0;
}

static struct pathset_slot *slot_of(const struct pathset *s, uint64_t hash)
{
	size_t i = (size_t)hash & (s->cap - 1);
	while (s->slots[i].hash != 0 && s->slots[i].hash != hash)
		i = (i + 1) & (s->cap - 1);
	return &s->slots[i];
}

uint64_t *pathset_find(const struct pathset *s, struct str path)
{
	struct pathset_slot *slot = slot_of(s, hash_of(s, path));
	return slot->hash ? &slot->value : NULL;
}

static void grow(struct pathset *s)
{
	struct pathset_slot *old = s->slots;
	size_t old_cap = s->cap;
	s->cap *= 2;
	s->slots = mem_new(s->cap, sizeof(s->slots[0]));
	for (size_t i = 0; i < old_cap; i++)
		if (old[i].hash)
			*slot_of(s, old[i].hash) = old[i];
	mem_free(old);
}

void pathset_put(struct pathset *s, struct str path, uint64_t value)
{
	if (s->count * 3 >= s->cap * 2)
		grow(s);
	uint64_t hash = hash_of(s, path);
	*slot_of(s, hash) = (struct pathset_slot){ hash, value };
	s->count++;
}
