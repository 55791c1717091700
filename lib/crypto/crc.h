/* CRC-32C (iSCSI), CRC-32 (gzip) and CRC-64/NVME. Start with 0; feed in pieces. */
#ifndef WS_CRYPTO_CRC_H
#define WS_CRYPTO_CRC_H

#include "base/defs.h"

/* Check value for "123456789": 0xe3069283. */
uint32_t crc_32c(uint32_t crc, const void *p, size_t len);
/* Check value for "123456789": 0xcbf43926. */
uint32_t crc_32(uint32_t crc, const void *p, size_t len);
/* Check value for "123456789": 0xae8b14860a799888. */
uint64_t crc_64nvme(uint64_t crc, const void *p, size_t len);

/* For tests: the portable code instead of the CPU's instructions. */
uint32_t crc_32c_portable(uint32_t crc, const void *p, size_t len);
uint32_t crc_32_portable(uint32_t crc, const void *p, size_t len);
uint64_t crc_64nvme_portable(uint64_t crc, const void *p, size_t len);

#endif
