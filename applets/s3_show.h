/* How ws-s3 shows objects and what it did with them. */
#ifndef WS_APPLETS_S3_SHOW_H
#define WS_APPLETS_S3_SHOW_H

#include "applets/applet.h"
#include "base/defs.h"
#include "base/str.h"

/* "2013-05-24 00:00:00" (UTC) of milliseconds since 1970. Returns out. */
enum { S3_SHOW_TIME_MAX = 40 };
char *s3_show_time(int64_t ms, char out[S3_SHOW_TIME_MAX]);
/* Set "modified" as ISO 8601. */
void s3_show_modified(struct js *o, int64_t ms);

/* One thing done, or that would be: a line with --json, and for people with --verbose or --dry-run. `to` may
 * be NULL; size_bytes may be UINT64_MAX: not known. */
struct s3_show_action {
	const char *verb; /* "upload", "download", "copy", "delete" */
	const char *from, *to;
	uint64_t size_bytes;
	bool dry_run;
};
void s3_show_action(const struct applet_call *call, const struct s3_show_action *a);

#endif
