/* CRC-32C, CRC-32 and CRC-64/NVME, eight bytes at a time. */
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

static uint32_t by_table(const uint32_t t[8][256], uint32_t crc, const void *p, size_t len)
{
	const unsigned char *in = p;

	crc = ~crc;
	for (; len >= 8; len -= 8, in += 8) {
		uint64_t x = load_le64(in) ^ crc;

		crc = t[7][x & 0xff] ^ t[6][x >> 8 & 0xff] ^ t[5][x >> 16 & 0xff] ^
		      t[4][x >> 24 & 0xff] ^ t[3][x >> 32 & 0xff] ^ t[2][x >> 40 & 0xff] ^
		      t[1][x >> 48 & 0xff] ^ t[0][x >> 56];
	}
	for (; len > 0; len--, in++)
		crc = t[0][(crc ^ *in) & 0xff] ^ crc >> 8;
	return ~crc;
}

uint32_t crc_32c_portable(uint32_t crc, const void *p, size_t len)
{
	return by_table(crc_32c_table, crc, p, len);
}

uint32_t crc_32(uint32_t crc, const void *p, size_t len)
{
	return by_table(crc_32_table, crc, p, len);
}

uint32_t crc_32c(uint32_t crc, const void *p, size_t len)
{
	if (cpu_has_crc32c())
		return ~crc_32c_native(~crc, p, len);
	return crc_32c_portable(crc, p, len);
}

uint64_t crc_64nvme(uint64_t crc, const void *p, size_t len)
{
	const uint64_t(*t)[256] = crc_64nvme_table;
	const unsigned char *in = p;

	crc = ~crc;
	for (; len >= 8; len -= 8, in += 8) {
		uint64_t x = load_le64(in) ^ crc;

		crc = t[7][x & 0xff] ^ t[6][x >> 8 & 0xff] ^ t[5][x >> 16 & 0xff] ^
		      t[4][x >> 24 & 0xff] ^ t[3][x >> 32 & 0xff] ^ t[2][x >> 40 & 0xff] ^
		      t[1][x >> 48 & 0xff] ^ t[0][x >> 56];
	}
	for (; len > 0; len--, in++)
		crc = t[0][(crc ^ *in) & 0xff] ^ crc >> 8;
	return ~crc;
}
