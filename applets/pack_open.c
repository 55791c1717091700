/* Opening an archive. */
#include "applets/pack_open.h"

#include "applets/pack_guard.h"
#include "store/store.h"

int pack_open(const char *name, const struct s3_config *s3, struct source **source,
              struct reader **reader, struct err *e)
{
	const struct reader_options how = { .jobs = 0 };
	const char *names[] = { name };
	if (store_blob_source(name, s3, source, e) || pack_guard(names, 1, -1, e))
		return -1;
	return reader_open(*source, &how, reader, e) ? err_context(e, "%s", name) : 0;
}
