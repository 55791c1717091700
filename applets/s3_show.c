/* Lines on standard output. */
#include "applets/s3_show.h"

#include <stdio.h>

#include "base/datetime.h"

char *s3_show_time(int64_t ms, char out[S3_SHOW_TIME_MAX])
{
	char iso[DATETIME_TEXT_MAX];
	datetime_iso_ms(ms, iso);
	snprintf(out, S3_SHOW_TIME_MAX, "%.10s %.8s", iso, iso + 11);
	return out;
}

void s3_show_modified(struct js *o, int64_t ms)
{
	char iso[DATETIME_TEXT_MAX];
	js_set_text(o, "modified", datetime_iso_ms(ms, iso));
}
