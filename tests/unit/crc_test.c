/* CRC-32C and CRC-64/NVME against published values, and every way of splitting. */
#include "crypto/crc.h"

#include "tests/unit/tap.h"

enum { LEN = 300 };

static void fill(unsigned char *p)
{
	uint32_t x = 1;
	for (size_t i = 0; i < LEN; i++) {
		x = x * 1664525 + 1013904223;
		p[i] = (unsigned char)(x >> 24);
	}
}

/* Bit by bit, from the definition. */
static uint64_t slow(uint64_t polynomial, uint64_t ones, const unsigned char *p, size_t len)
{
	uint64_t crc = ones;
	for (size_t i = 0; i < len; i++) {
		crc ^= p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (crc & 1) != 0 ? crc >> 1 ^ polynomial : crc >> 1;
	}
	return crc ^ ones;
}

static void published(void)
{
	static const unsigned char zeros[32], iscsi_read[48] = {
		0x01, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,    0, 0, 0, 0,
		0x14, 0,    0, 0, 0, 0, 4, 0, 0, 0, 0, 0x14, 0, 0, 0, 0x18,
		0x28, 0,    0, 0, 0, 0, 0, 0, 2, 0, 0, 0,    0, 0, 0, 0,
	};
	unsigned char ones[32], up[32];
	memset(ones, 0xff, sizeof(ones));
	for (size_t i = 0; i < sizeof(up); i++)
		up[i] = (unsigned char)i;
	TAP_OK(crc_32c(0, "123456789", 9) == 0xe3069283, "CRC-32C has its check value");
	TAP_OK(crc_64nvme(0, "123456789", 9) == 0xae8b14860a799888,
	       "CRC-64/NVME has its check value");
	TAP_OK(crc_32(0, "123456789", 9) == 0xcbf43926, "CRC-32 has its check value");
	TAP_OK(crc_32c(0, "", 0) == 0 && crc_64nvme(0, "", 0) == 0, "nothing has the CRC 0");
	TAP_OK(crc_32c(0, zeros, 32) == 0x8a9136aa, "CRC-32C of zeros is RFC 3720's");
	TAP_OK(crc_32c(0, ones, 32) == 0x62a8ab43, "CRC-32C of ones is RFC 3720's");
	TAP_OK(crc_32c(0, up, 32) == 0x46dd794e, "CRC-32C of 0 to 31 is RFC 3720's");
	TAP_OK(crc_32c(0, iscsi_read, 48) == 0xd9963a56, "CRC-32C of a read command is RFC 3720's");
}

int main(void)
{
	unsigned char data[LEN];
	bool lengths = true, splits = true, portable = true;
	fill(data);
	published();
	for (size_t n = 0; n <= LEN; n++) {
		uint32_t c32 = (uint32_t)slow(0x82f63b78, 0xffffffff, data, n);
		uint32_t gzip = (uint32_t)slow(0xedb88320, 0xffffffff, data, n);
		uint64_t c64 = slow(0x9a6c9329ac4bc9b5, UINT64_MAX, data, n);
		lengths = lengths && crc_32c(0, data, n) == c32 && crc_64nvme(0, data, n) == c64;
		lengths = lengths && crc_32(0, data, n) == gzip;
		portable = portable && crc_32c_portable(0, data, n) == c32 &&
		           crc_32_portable(0, data, n) == gzip &&
		           crc_64nvme_portable(0, data, n) == c64;
		splits = splits &&
		         crc_32c(crc_32c(0, data, n), data + n, LEN - n) == crc_32c(0, data, LEN);
		splits = splits &&
		         crc_32(crc_32(0, data, n), data + n, LEN - n) == crc_32(0, data, LEN);
		splits = splits && crc_64nvme(crc_64nvme(0, data, n), data + n, LEN - n) ==
		                           crc_64nvme(0, data, LEN);
	}
	TAP_OK(lengths, "every length up to %d gives what the definition gives", LEN);
	TAP_OK(portable, "the portable code gives the same");
	TAP_OK(splits, "two pieces give what the whole gives, wherever it is split");
	return tap_done();
}
