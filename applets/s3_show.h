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

#endif
