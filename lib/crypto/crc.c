/* CRC-32C, CRC-32 and CRC-64/NVME: by the CPU's instructions where it has them, else by tables, eight bytes at a time. */
#include "crypto/crc.h"

#include <immintrin.h>
#include <string.h>

#include "crypto/cpu.h"
#include "crypto/crc_tables.h"

static uint64_t load_le64(const unsigned char *p)
{
	uint64_t x;

	memcpy(&x, p, sizeof x);
	return x;
}

CPU_TARGET("sse4.2")
static uint32_t crc_32c_native(uint32_t crc, const unsigned char *p, size_t len)
{
	uint64_t state = crc;

	for (; len >= 8; len -= 8, p += 8)
		state = _mm_crc32_u64(state, load_le64(p));
	for (; len > 0; len--, p++)
		state = _mm_crc32_u8((uint32_t)state, *p);
	return (uint32_t)state;
}

/* States, that is CRCs with all bits inverted. */
static uint32_t by_table_32(const uint32_t t[8][256], uint32_t state, const unsigned char *in,
                            size_t len)
{
	for (; len >= 8; len -= 8, in += 8) {
		uint64_t x = load_le64(in) ^ state;

		state = t[7][x & 0xff] ^ t[6][x >> 8 & 0xff] ^ t[5][x >> 16 & 0xff] ^
		        t[4][x >> 24 & 0xff] ^ t[3][x >> 32 & 0xff] ^ t[2][x >> 40 & 0xff] ^
		        t[1][x >> 48 & 0xff] ^ t[0][x >> 56];
	}
	for (; len > 0; len--, in++)
		state = t[0][(state ^ *in) & 0xff] ^ state >> 8;
	return state;
}

static uint64_t by_table_64(const uint64_t t[8][256], uint64_t state, const unsigned char *in,
                            size_t len)
{
	for (; len >= 8; len -= 8, in += 8) {
		uint64_t x = load_le64(in) ^ state;

		state = t[7][x & 0xff] ^ t[6][x >> 8 & 0xff] ^ t[5][x >> 16 & 0xff] ^
		        t[4][x >> 24 & 0xff] ^ t[3][x >> 32 & 0xff] ^ t[2][x >> 40 & 0xff] ^
		        t[1][x >> 48 & 0xff] ^ t[0][x >> 56];
	}
	for (; len > 0; len--, in++)
		state = t[0][(state ^ *in) & 0xff] ^ state >> 8;
	return state;
}

enum { FOLDED = 64, FOLD_MIN = 2 * FOLDED };

/* What moves 64 bits of a message 64 bytes on without changing its CRC: x^575 and x^511 modulo the polynomial, bits
 * reversed; the one less is because the product of two reversed numbers is short of one place. */
struct fold {
	long long first, second;
};
static const struct fold fold_32 = { 0x653d982200000000, (long long)0xcad38e8f00000000 };
static const struct fold fold_64 = { 0x0c32cdb31e18a84a, 0x62242240ace5045a };

/* Replace the whole blocks of 64 bytes of a message by one that, after a state of 0, has their CRC. Returns their length. */
CPU_TARGET("pclmul,sse2")
static size_t fold(const struct fold *by, uint64_t state, const unsigned char *p, size_t len,
                   unsigned char out[FOLDED])
{
	const __m128i k = _mm_set_epi64x(by->second, by->first);
	__m128i x[4];
	size_t at = FOLDED;

	memcpy(x, p, FOLDED);
	x[0] = _mm_xor_si128(x[0], _mm_cvtsi64_si128((long long)state));
	for (; len - at >= FOLDED; at += FOLDED) {
		for (int i = 0; i < 4; i++) {
			__m128i next;
			memcpy(&next, p + at + 16 * i, sizeof(next));
			__m128i moved = _mm_xor_si128(_mm_clmulepi64_si128(x[i], k, 0x00),
			                              _mm_clmulepi64_si128(x[i], k, 0x11));
			x[i] = _mm_xor_si128(moved, next);
		}
	}
	memcpy(out, x, FOLDED);
	return at;
}

uint32_t crc_32c_portable(uint32_t crc, const void *p, size_t len)
{
	return ~by_table_32(crc_32c_table, ~crc, p, len);
}

uint32_t crc_32_portable(uint32_t crc, const void *p, size_t len)
{
	return ~by_table_32(crc_32_table, ~crc, p, len);
}

uint64_t crc_64nvme_portable(uint64_t crc, const void *p, size_t len)
{
	return ~by_table_64(crc_64nvme_table, ~crc, p, len);
}

uint32_t crc_32c(uint32_t crc, const void *p, size_t len)
{
	if (cpu_has_crc32c())
		return ~crc_32c_native(~crc, p, len);
	return crc_32c_portable(crc, p, len);
}

uint32_t crc_32(uint32_t crc, const void *p, size_t len)
{
	unsigned char folded[FOLDED];

	if (len < FOLD_MIN || !cpu_has_clmul())
		return crc_32_portable(crc, p, len);
	size_t done = fold(&fold_32, ~crc, p, len, folded);
	uint32_t state = by_table_32(crc_32_table, 0, folded, FOLDED);
	return ~by_table_32(crc_32_table, state, (const unsigned char *)p + done, len - done);
}

uint64_t crc_64nvme(uint64_t crc, const void *p, size_t len)
{
	unsigned char folded[FOLDED];

	if (len < FOLD_MIN || !cpu_has_clmul())
		return crc_64nvme_portable(crc, p, len);
	size_t done = fold(&fold_64, ~crc, p, len, folded);
	uint64_t state = by_table_64(crc_64nvme_table, 0, folded, FOLDED);
	return ~by_table_64(crc_64nvme_table, state, (const unsigned char *)p + done, len - done);
}
