/* SHA-256 of many texts, two at a time: the CPU's SHA instructions wait for each other within one text, not between two. */
#ifndef WS_CRYPTO_DIGEST_MANY_H
#define WS_CRYPTO_DIGEST_MANY_H

#include "base/defs.h"

struct digest_many_item {
	const void *p;
	size_t len;
	unsigned char *sha256; /* room for DIGEST_SHA256_LEN */
};

void digest_many(const struct digest_many_item *items, size_t count);

#endif
