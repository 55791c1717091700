/* Opening an archive. */
#include "applets/pack_open.h"

#include "applets/pack_guard.h"
#include "store/store.h"

int pack_open(const char *name, const struct s3_config *s3, const struct pack_limits *limits,
              struct source **source, struct reader **reader, struct err *e)
{
	struct limits allowed;
	const struct reader_options how = { .limits = &allowed };
	const char *names[] = { name };
	if (pack_limits_get(limits, &allowed, e) || store_blob_source(name, s3, source, e) ||
	    pack_guard(names, 1, -1, e))
		return -1;
	return reader_open(*source, &how, reader, e) ? err_context(e, "%s", name) : 0;
}
