/* Opening sides. */
#include "applets/pack_side.h"

#include <string.h>

#include "os/dir.h"
#include "store/store.h"

void pack_side_close(struct pack_side *s)
{
	inventory_close(s->held);
	source_close(&s->source);
	file_close_auto(&s->dir);
}

static bool is_url(const char *operand)
{
	struct str s = str_of(operand);
	return str_is(s, "-") || str_starts(s, S("s3://")) || str_starts(s, S("file://"));
}

/* A pipe can't be looked at twice: it holds an archive. */
static int is_snapshot(struct source *source, bool *yes, struct err *e)
{
	static const char begin[] = INVENTORY_SNAPSHOT;
	char start[sizeof(begin) - 1];
	size_t got = 0;
	if (!source->sequential && source->read_at(source, 0, start, sizeof(start), &got, e))
		return -1;
	*yes = got == sizeof(start) && memcmp(start, begin, got) == 0;
	return 0;
}

int pack_side_open(const char *operand, const struct s3_config *s3,
                   const struct inventory_options *how, struct pack_side *out, struct err *e)
{
	struct err none = ERR_INIT;
	bool snapshot;
	if (!how->read_all && !is_url(operand) && dir_open_root(operand, &out->dir, &none) == 0)
		return inventory_of_tree(out->dir, how, &out->held, e);
	if (store_blob_source(operand, s3, &out->source, e) ||
	    is_snapshot(out->source, &snapshot, e))
		return -1;
	return snapshot && !how->read_all
	               ? inventory_snapshot_parse(out->source, how, &out->held, e)
	               : inventory_of_archive(out->source, how, &out->held, e);
}
