/* The limits that hold unless the caller says otherwise, and their names. */
#include "pack/limits.h"

#include <string.h>

#include "base/num.h"

struct limits limits_default(void)
{
	return (struct limits){
		.max_entries = 10 * 1000 * 1000,
		.max_bytes = 1ULL << 40,
		.max_ratio = 200,
		.ratio_from = 1 << 30,
		.max_depth = 1024,
		.max_name_bytes = 32 * 1024,
		.max_pax_bytes = 1 << 20,
		.max_xattr_bytes = 64 * 1024,
		.max_sparse = 1000 * 1000,
		.max_index_bytes = 64 << 20,
		.max_members = 10 * 1000 * 1000,
	};
}

struct limits limits_of_ours(void)
{
	struct limits limits = limits_default();
	limits.max_ratio = UINT64_MAX;
	return limits;
}

static const struct {
	const char *name;
	size_t at;
} names[] = {
	{ "entries", offsetof(struct limits, max_entries) },
	{ "bytes", offsetof(struct limits, max_bytes) },
	{ "ratio", offsetof(struct limits, max_ratio) },
	{ "ratio-from", offsetof(struct limits, ratio_from) },
	{ "depth", offsetof(struct limits, max_depth) },
	{ "name", offsetof(struct limits, max_name_bytes) },
	{ "pax", offsetof(struct limits, max_pax_bytes) },
	{ "xattr", offsetof(struct limits, max_xattr_bytes) },
	{ "sparse", offsetof(struct limits, max_sparse) },
	{ "index", offsetof(struct limits, max_index_bytes) },
	{ "members", offsetof(struct limits, max_members) },
};

int limits_set(struct limits *limits, struct str setting, struct err *e)
{
	struct str name, value;
	uint64_t number;
	bool whole = str_cut(setting, '=', &name, &value);
	for (size_t i = 0; i < COUNTOF(names); i++) {
		if (!whole || !str_is(name, names[i].name))
			continue;
		if (num_parse_size(value, &number, e))
			return -1;
		memcpy((char *)limits + names[i].at, &number, sizeof(number));
		return 0;
	}
	return err_set(e, ERR_KIND_USAGE,
	               "a limit is NAME=N, not '%" STR_FMT "'; the names are " LIMITS_NAMES,
	               STR_ARG(setting));
}
