/* Limits that hold for every archive, ours or not. */
#include "pack/guard.h"

#include <inttypes.h>

#include "pack/names.h"

int guard_entry(struct guard *g, const struct limits *limits, const struct entry *entry,
                struct err *e)
{
	if (++g->entries > limits->max_entries)
		return err_set(e, ERR_KIND_DATA, "the archive has more than %" PRIu64 " entries",
		               limits->max_entries);
	if (__builtin_add_overflow(g->bytes, entry->size_bytes, &g->bytes) ||
	    g->bytes > limits->max_bytes)
		return err_set(e, ERR_KIND_DATA,
		               "'%s': the archive unpacks to more than %" PRIu64 " bytes",
		               names_show(entry->path).text, limits->max_bytes);
	if (entry->path.len > limits->max_name_bytes || entry->link.len > limits->max_name_bytes)
		return err_set(e, ERR_KIND_DATA, "'%s': a name is longer than %" PRIu64 " bytes",
		               names_show(entry->path).text, limits->max_name_bytes);
	return 0;
}

int guard_ratio(const struct limits *limits, uint64_t packed_bytes, uint64_t raw_bytes,
                struct err *e)
{
	if (raw_bytes <= limits->ratio_from || raw_bytes / (packed_bytes + 1) <= limits->max_ratio)
		return 0;
	return err_set(e, ERR_KIND_DATA,
	               "it unpacks to more than %" PRIu64
	               " times its size, as bombs do (the limit 'ratio')",
	               limits->max_ratio);
}
