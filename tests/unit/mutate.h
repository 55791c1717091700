/* Fixed-seed damage for parsers: the same inputs in every run. */
#ifndef WS_TESTS_MUTATE_H
#define WS_TESTS_MUTATE_H

#include <string.h>

#include "base/defs.h"
#include "base/mem.h"
#include "base/str.h"

struct mutate {
	uint64_t state; /* not 0 */
};

/* xorshift64. */
UNUSED static uint64_t mutate_next(struct mutate *m)
{
	m->state ^= m->state << 13;
	m->state ^= m->state >> 7;
	m->state ^= m->state << 17;
	return m->state;
}

/* A heap copy (exactly as long, so that ASan sees a step beyond) of `seed` with a few bytes changed,
 * dropped, doubled or taken from `spice`. mem_free it. */
UNUSED static struct str mutate_text(struct mutate *m, struct str seed, const char *spice)
{
	size_t cap = seed.len + 16;
	char *text = mem_new(cap, 1);
	size_t len = seed.len;
	memcpy(text, seed.p, len);
	for (uint64_t changes = mutate_next(m) % 4 + 1; changes > 0; changes--) {
		size_t at = len > 0 ? mutate_next(m) % len : 0;
		char byte = (char)mutate_next(m);
		if (mutate_next(m) % 2 == 0)
			byte = spice[mutate_next(m) % strlen(spice)];
		switch (mutate_next(m) % 4) {
		case 0:
			len = at;
			break;
		case 1:
			memmove(text + at, text + at + 1, len > 0 ? len - at - 1 : 0);
			len -= len > 0;
			break;
		case 2:
			memmove(text + at + 1, text + at, len - at);
			text[at] = byte;
			len++;
			break;
		default:
			text[at] = byte;
			len += len == 0;
			break;
		}
	}
	char *exact = mem_new(len > 0 ? len : 1, 1);
	memcpy(exact, text, len);
	mem_free(text);
	return (struct str){ exact, len };
}

/* Give a text of mutate_text back. */
UNUSED static void mutate_free(struct str text)
{
	MEM_AUTO char *owned = NULL;
	memcpy(&owned, &text.p, sizeof(owned));
}

#endif
