/* Many hashes at once are those of one after the other. */
#include "crypto/digest_many.h"

#include <string.h>

#include "crypto/digest.h"
#include "tap.h"

enum { TEXTS = 40 };

static bool same(const size_t *lens, size_t count)
{
	unsigned char bytes[TEXTS * 1000];
	unsigned char got[TEXTS][DIGEST_SHA256_LEN], want[DIGEST_SHA256_LEN];
	struct digest_many_item items[TEXTS];
	size_t at = 0;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i * 7 >> 3 ^ i);
	for (size_t i = 0; i < count; i++) {
		items[i] = (struct digest_many_item){ bytes + at, lens[i], got[i] };
		at += lens[i];
	}
	digest_many(items, count);
	for (size_t i = 0; i < count; i++) {
		digest_sha256_of(items[i].p, items[i].len, want);
		if (memcmp(want, got[i], sizeof(want)) != 0)
			return false;
	}
	return true;
}

int main(void)
{
	static const size_t ends[] = { 0, 1, 55, 56, 63, 64, 65, 119, 120, 127, 128, 129, 999 };
	size_t lens[TEXTS], x = 12345, wrong = 0;
	for (size_t i = 0; i < COUNTOF(ends); i++)
		for (size_t k = 0; k < COUNTOF(ends); k++)
			wrong += !same((const size_t[]){ ends[i], ends[k], ends[i] }, 3);
	TAP_OK(wrong == 0, "three texts of every length around a block have their hashes");
	for (size_t count = 0; count <= TEXTS; count++) {
		for (size_t i = 0; i < count; i++)
			lens[i] = (x = x * 1103515245 + 12345) >> 16 & 0x1ff;
		wrong += !same(lens, count);
	}
	TAP_OK(wrong == 0, "up to %d texts of different lengths have theirs", TEXTS);
	return tap_done();
}
