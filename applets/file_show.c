/* How ws-file shows what is in a workspace. */
#include <stdio.h>
#include <string.h>

#include "applets/file_verbs.h"
#include "base/datetime.h"

/* The type bits of a mode. */
enum { TYPE_BITS = 0170000, DIRECTORY = 0040000, REGULAR = 0100000, SYMLINK = 0120000 };

const char *file_show_type(uint32_t mode)
{
	switch (mode & TYPE_BITS) {
	case DIRECTORY:
		return "directory";
	case REGULAR:
		return "file";
	case SYMLINK:
		return "symlink";
	default:
		return "other";
	}
}

char *file_show_mode(uint32_t mode, char out[FILE_SHOW_MODE_MAX])
{
	static const char letters[] = "rwxrwxrwx";
	const char *type = file_show_type(mode);
	memset(out, 0, FILE_SHOW_MODE_MAX);
	out[0] = *type == 'f' ? '-' : *type == 's' ? 'l' : *type == 'd' ? 'd' : '?';
	for (unsigned i = 0; i < 9; i++)
		out[i + 1] = mode & 0400U >> i ? letters[i] : '-';
	return out;
}

void file_show_json(struct js *o, const struct file_stat *st)
{
	char mode[16], time[DATETIME_TEXT_MAX];
	snprintf(mode, sizeof(mode), "%04o", (unsigned)(st->mode & 07777));
	js_set_text(o, "type", file_show_type(st->mode));
	js_set_text(o, "mode", mode);
	js_set_int(o, "size", (int64_t)st->size_bytes);
	js_set_text(o, "mtime", datetime_iso_ms(st->mtime_s * 1000 + st->mtime_ns / 1000000, time));
}
