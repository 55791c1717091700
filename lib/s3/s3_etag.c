/* Entity tags are opaque, but for the quotes around them. */
#include <stdio.h>

#include "s3/s3_request.h"

void s3_etag_keep(struct str field, char out[BLOB_ETAG_MAX])
{
	if (field.len >= 2 && field.p[0] == '"' && field.p[field.len - 1] == '"')
		field = str_from(field.p + 1, field.len - 2);
	if (str_copy(field, out, BLOB_ETAG_MAX))
		out[0] = '\0';
}

struct str s3_etag_quote(const char *etag, char out[S3_ETAG_QUOTED_MAX])
{
	bool weak = str_starts(str_of(etag), S("W/"));
	int len = snprintf(out, S3_ETAG_QUOTED_MAX, weak ? "%s" : "\"%s\"", etag);
	return str_from(out, len > 0 ? (size_t)len : 0);
}
