/* An artifact for people and for programs. */
#include "applets/artifact_show.h"

#include "applets/file_verbs.h"
#include "applets/s3_show.h"
#include "base/num.h"

enum { HASH_SHOWN = 12 };

void artifact_show_row(struct table *t, const struct artifact *item)
{
	char size[NUM_TEXT_MAX], mode[FILE_SHOW_MODE_MAX], time[S3_SHOW_TIME_MAX];
	int64_t ms = item->stat.mtime_s * 1000 + item->stat.mtime_ns / 1000000;
	table_cell_text(t, item->change);
	table_cell_text(t, file_show_mode(item->stat.mode, mode));
	table_cell_text(t, num_format_size(item->stat.size_bytes, size));
	table_cell_text(t, s3_show_time(ms, time));
	table_cell(t, str_head(str_of(item->sha256), HASH_SHOWN));
	table_cell(t, item->path);
}

struct js *artifact_show_json(const struct artifact *item)
{
	struct js *o = js_object();
	js_set_path(o, "path", item->path);
	js_set_text(o, "change", item->change);
	file_show_json(o, &item->stat);
	if (item->sha256[0])
		js_set_text(o, "sha256", item->sha256);
	return o;
}
