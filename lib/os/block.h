/* What a block device is made of, as sysfs tells. */
#ifndef WS_OS_BLOCK_H
#define WS_OS_BLOCK_H

#include "base/defs.h"

enum block_crypt {
	BLOCK_CRYPT_UNKNOWN, /* can't be told; never taken for yes */
	BLOCK_CRYPT_NO,      /* nothing in this kernel encrypts it; the disk or its host may */
	BLOCK_CRYPT_YES      /* dm-crypt lies below all of it */
};
/* "yes". */
const char *block_crypt_name(enum block_crypt c);
/* Whether every disk below the device is behind dm-crypt: partitions, volume groups and arrays are followed down. `sysfs` is
 * "/sys/dev/block", or what a test has in its place. */
enum block_crypt block_crypt_look(const char *sysfs, uint32_t major, uint32_t minor);

#endif
