/* ws-archive list: what is in an archive; from the index when there is one. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "applets/pack_open.h"
#include "applets/pack_verbs.h"
#include "applets/s3_options.h"
#include "base/codec.h"
#include "base/datetime.h"
#include "pack/reader.h"

enum {
	TEXT_MAX = 1 << 20,
	PRINT_FROM = 32 * 1024, /* rows are printed together: a list may have millions */
	HASH_BYTES = 32,
	SECONDS_A_DAY = 86400,
	DAYS = 64,
	ROW_MAX = 192, /* before the name: four numbers of 20 digits, a mode, a time */
};

struct options {
	struct s3_config s3;
	struct pack_limits limits;
	bool names;
};

static const struct opt_row rows[] = {
	OPT_FLAG("names", '1', struct options, names, "only names"),
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	PACK_LIMITS_GROUP(offsetof(struct options, limits)),
	S3_OPTIONS_GROUP(offsetof(struct options, s3)),
	OPT_GROUPS_END,
};

/* "drwxr-sr-t". Here and below: written to `out`, whose end is returned. */
static char *put_mode(char *out, const struct entry *entry)
{
	static const char letters[] = "rwxrwxrwx";
	out[0] = entry_type_letter(entry->type);
	for (unsigned i = 0; i < 9; i++)
		out[i + 1] = entry->mode & 0400U >> i ? letters[i] : '-';
	if (entry->mode & 04000)
		out[3] = out[3] == 'x' ? 's' : 'S';
	if (entry->mode & 02000)
		out[6] = out[6] == 'x' ? 's' : 'S';
	if (entry->mode & 01000)
		out[9] = out[9] == 'x' ? 't' : 'T';
	return out + 10;
}

/* Digits, with zeros or spaces in front up to `width`. By hand: a list may have millions of rows. */
static char *put_number(char *out, uint64_t value, unsigned width, char fill)
{
	unsigned len = 1;
	for (uint64_t rest = value / 10; rest > 0; rest /= 10)
		len++;
	for (; width > len; width--)
		*out++ = fill;
	for (unsigned at = len; at > 0; value /= 10)
		out[--at] = (char)('0' + value % 10);
	return out + len;
}

/* A day that was shown, which many rows share. */
struct day {
	int64_t number;
	char text[DATETIME_TEXT_MAX];
	size_t len;
};

/* As "2024-05-24 00:00:00", UTC. */
static char *put_time(char *out, int64_t seconds, struct day days[DAYS])
{
	int64_t number = seconds / SECONDS_A_DAY - (seconds % SECONDS_A_DAY < 0);
	struct day *day = &days[(uint64_t)number % DAYS];
	uint64_t rest = (uint64_t)(seconds - number * SECONDS_A_DAY);
	if (seconds > INT64_MAX / 1000 || seconds < INT64_MIN / 1000) {
		*out = '?';
		return out + 1;
	}
	if (day->len == 0 || day->number != number) {
		struct str date;
		str_cut(str_of(datetime_iso_ms(number * SECONDS_A_DAY * 1000, day->text)), 'T',
		        &date, NULL);
		day->len = date.len;
		day->number = number;
	}
	memcpy(out, day->text, day->len);
	out[day->len] = ' ';
	out = put_number(out + day->len + 1, rest / 3600, 2, '0');
	*out++ = ':';
	out = put_number(out, rest / 60 % 60, 2, '0');
	*out++ = ':';
	return put_number(out, rest % 60, 2, '0');
}

static struct str shown_path(const struct entry *entry)
{
	return entry->path.len > 0 ? entry->path : S(".");
}

/* Quoted; most names are as they are, which is seen faster than quoted. */
static void add_name(struct buf *out, struct str name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.p[i];
		if (c < ' ' || c > '~' || c == '\\') {
			codec_quote(name, out);
			return;
		}
	}
	buf_add_str(out, name);
}

static void add_details(const struct entry *entry, struct day days[DAYS], struct buf *line)
{
	char text[ROW_MAX], *end = put_mode(text, entry);
	*end++ = ' ';
	end = put_number(end, entry->uid, 5, ' ');
	*end++ = '/';
	end = put_number(end, entry->gid, 1, ' ');
	*end++ = ' ';
	if (entry_is_device(entry->type)) {
		end = put_number(end, entry->dev_major, 7, ' ');
		*end++ = ',';
		end = put_number(end, entry->dev_minor, 4, ' ');
	} else {
		end = put_number(end, entry->size_bytes, 12, ' ');
	}
	*end++ = ' ';
	end = put_time(end, entry->mtime_s, days);
	*end++ = ' ';
	buf_add(line, text, (size_t)(end - text));
}

static void add_row(const struct entry *entry, bool names, struct day days[DAYS], struct buf *line)
{
	if (!names)
		add_details(entry, days, line);
	add_name(line, shown_path(entry));
	if (!names && entry->link.len > 0) {
		buf_add_text(line, entry->type == ENTRY_TYPE_SYMLINK ? " -> " : " link to ");
		add_name(line, entry->link);
	}
	buf_add_char(line, '\n');
}

static void print(struct buf *text)
{
	applet_print(text);
	buf_clear(text);
}

static void show_json(const struct entry *entry, const unsigned char *sha256)
{
	char mode[16], hash[2 * HASH_BYTES + 1];
	struct js *o = js_object();
	js_set_path(o, "path", shown_path(entry));
	js_set_text(o, "type", entry_type_name(entry->type));
	snprintf(mode, sizeof(mode), "%04o", (unsigned)entry->mode);
	js_set_text(o, "mode", mode);
	js_set_int(o, "uid", (int64_t)entry->uid);
	js_set_int(o, "gid", (int64_t)entry->gid);
	js_set_int(o, "size", (int64_t)entry->size_bytes);
	js_set_int(o, "mtime_s", entry->mtime_s);
	js_set_int(o, "mtime_ns", (int64_t)entry->mtime_ns);
	if (entry->link.len > 0)
		js_set_path(o, "link", entry->link);
	if (entry_is_device(entry->type)) {
		js_set_int(o, "dev_major", entry->dev_major);
		js_set_int(o, "dev_minor", entry->dev_minor);
	}
	if (sha256)
		js_set_text(o, "sha256", codec_hex(sha256, HASH_BYTES, hash));
	applet_json_line(o);
}

static int list(const struct applet_call *call, struct reader *r, struct err *e)
{
	const struct options *o = call->options;
	const struct entry *entry;
	BUF_AUTO rows_text = buf_make(TEXT_MAX);
	struct day days[DAYS] = { { .len = 0 } };
	bool indexed = reader_is_indexed(r);
	int rc;
	while ((rc = indexed ? reader_index_next(r, &entry, e) : reader_next(r, &entry, e)) > 0) {
		if (call->common->json)
			show_json(entry, indexed ? reader_index_sha256(r) : NULL);
		else
			add_row(entry, o->names, days, &rows_text);
		if (rows_text.len >= PRINT_FROM)
			print(&rows_text);
	}
	print(&rows_text);
	return rc;
}

static int run(const struct applet_call *call, struct err *e)
{
	const struct options *o = call->options;
	SOURCE_AUTO source = NULL;
	READER_AUTO reader = NULL;
	if (pack_open(call->args[0], &o->s3, &o->limits, &source, &reader, e))
		return -1;
	if (list(call, reader, e))
		return err_context(e, "%s", call->args[0]);
	return 0;
}

const struct applet pack_list_applet = {
	.name = "list",
	.summary = "list the entries of an archive",
	.synopsis = "[OPTIONS] ARCHIVE",
	.details =
		"Mode, owner, size, time (UTC) and name; what a terminal could take for a command is shown\n"
		"as C escapes. With --json also the SHA-256 of files, when the archive has an index.",
	.groups = groups,
	.options_size = sizeof(struct options),
	.args_min = 1,
	.args_max = 1,
	.run = run,
};
