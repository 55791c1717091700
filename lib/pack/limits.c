/* The limits that hold unless the caller says otherwise. */
#include "pack/limits.h"

struct limits limits_default(void)
{
	return (struct limits){
		.max_entries = 10 * 1000 * 1000,
		.max_bytes = 1ULL << 40,
		.max_ratio = 1100,
		.max_depth = 1024,
		.max_name_bytes = 32 * 1024,
		.max_pax_bytes = 1 << 20,
		.max_xattr_bytes = 64 * 1024,
		.max_sparse = 1000 * 1000,
		.max_index_bytes = 1 << 30,
		.max_members = 10 * 1000 * 1000,
	};
}
