/* ws-archive list: what is in an archive; from the index when there is one. */
#include <inttypes.h>
#include <stdio.h>

#include "applets/pack_verbs.h"
#include "applets/s3_options.h"
#include "base/codec.h"
#include "base/datetime.h"
#include "pack/reader.h"
#include "store/store.h"

enum { LINE_MAX = 1 << 20, HASH_BYTES = 32 };

struct options {
	struct s3_config s3;
	bool names;
};

static const struct opt_row rows[] = {
	OPT_FLAG("names", '1', struct options, names, "only names"),
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	S3_OPTIONS_GROUP(offsetof(struct options, s3)),
	OPT_GROUPS_END,
};

/* "drwxr-sr-t" */
static void add_mode(struct buf *out, const struct entry *entry)
{
	static const char letters[] = "rwxrwxrwx";
	char text[11] = { entry_type_letter(entry->type) };
	for (unsigned i = 0; i < 9; i++)
		text[i + 1] = entry->mode & 0400U >> i ? letters[i] : '-';
	if (entry->mode & 04000)
		text[3] = text[3] == 'x' ? 's' : 'S';
	if (entry->mode & 02000)
		text[6] = text[6] == 'x' ? 's' : 'S';
	if (entry->mode & 01000)
		text[9] = text[9] == 'x' ? 't' : 'T';
	buf_add_text(out, text);
}

/* As "2024-05-24 00:00:00", UTC. */
static void add_time(struct buf *out, int64_t seconds)
{
	char text[DATETIME_TEXT_MAX];
	if (seconds > INT64_MAX / 1000 || seconds < INT64_MIN / 1000) {
		buf_add_text(out, "?");
		return;
	}
	struct str iso = str_of(datetime_iso_ms(seconds * 1000, text));
	struct str day, time;
	if (!str_cut(iso, 'T', &day, &time)) {
		buf_add_str(out, iso);
		return;
	}
	buf_add_str(out, day);
	buf_add_char(out, ' ');
	buf_add_str(out, str_head(time, 8));
}

static struct str shown_path(const struct entry *entry)
{
	return entry->path.len > 0 ? entry->path : S(".");
}

static void show_row(const struct entry *entry, bool names, struct buf *line)
{
	buf_clear(line);
	if (!names) {
		add_mode(line, entry);
		buf_printf(line, " %5" PRIu64 "/%-5" PRIu64 " %12" PRIu64 " ", entry->uid,
		           entry->gid, entry->size_bytes);
		add_time(line, entry->mtime_s);
		buf_add_char(line, ' ');
	}
	codec_quote(shown_path(entry), line);
	if (!names && entry->link.len > 0) {
		buf_add_text(line, entry->type == ENTRY_TYPE_SYMLINK ? " -> " : " link to ");
		codec_quote(entry->link, line);
	}
	buf_add_char(line, '\n');
	applet_print(line);
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
	if (sha256)
		js_set_text(o, "sha256", codec_hex(sha256, HASH_BYTES, hash));
	applet_json_line(o);
}

static int list(const struct applet_call *call, struct reader *r, struct err *e)
{
	const struct options *o = call->options;
	const struct entry *entry;
	BUF_AUTO line = buf_make(LINE_MAX);
	bool indexed = reader_is_indexed(r);
	int rc;
	while ((rc = indexed ? reader_index_next(r, &entry, e) : reader_next(r, &entry, e)) > 0) {
		if (call->common->json)
			show_json(entry, indexed ? reader_index_sha256(r) : NULL);
		else
			show_row(entry, o->names, &line);
	}
	return rc;
}

static int run(const struct applet_call *call, struct err *e)
{
	const struct options *o = call->options;
	SOURCE_AUTO source = NULL;
	READER_AUTO reader = NULL;
	const struct reader_options how = { .jobs = 0 };
	if (store_blob_source(call->args[0], &o->s3, &source, e))
		return -1;
	if (reader_open(source, &how, &reader, e) || list(call, reader, e))
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
