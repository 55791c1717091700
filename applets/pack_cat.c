/* ws-archive cat: the content of files in an archive. */
#include "applets/pack_open.h"
#include "applets/pack_verbs.h"
#include "applets/s3_options.h"
#include "base/codec.h"
#include "base/mem.h"
#include "os/file.h"
#include "pack/reader.h"

enum { STEP = 256 * 1024, SHOWN = 256 };

struct options {
	struct s3_config s3;
	struct pack_limits limits;
};

static const struct opt_group groups[] = {
	PACK_LIMITS_GROUP(offsetof(struct options, limits)),
	S3_OPTIONS_GROUP(offsetof(struct options, s3)),
	OPT_GROUPS_END,
};

static int pour(struct reader *r, struct err *e)
{
	MEM_AUTO char *step = mem_new(STEP, 1);
	size_t got;
	do {
		if (reader_read(r, step, STEP, &got, e) ||
		    file_write(1, step, got, e, "standard output"))
			return -1;
	} while (got > 0);
	return 0;
}

static int cat(struct reader *r, const char *path, struct err *e)
{
	char shown[SHOWN];
	const struct entry *entry;
	if (reader_find(r, str_of(path), &entry, e) < 0)
		return -1;
	if (entry->type != ENTRY_TYPE_FILE)
		return err_set(e, ERR_KIND_USAGE, "'%s' is a %s, not a file",
		               codec_quoted(str_of(path), shown, sizeof(shown)),
		               entry_type_name(entry->type));
	return pour(r, e);
}

static int run(const struct applet_call *call, struct err *e)
{
	const struct options *o = call->options;
	SOURCE_AUTO source = NULL;
	READER_AUTO reader = NULL;
	if (pack_open(call->args[0], &o->s3, &o->limits, &source, &reader, e))
		return -1;
	for (size_t i = 1; i < call->arg_count; i++)
		if (cat(reader, call->args[i], e))
			return err_context(e, "%s", call->args[0]);
	return 0;
}

const struct applet pack_cat_applet = {
	.name = "cat",
	.summary = "write files of an archive to standard output",
	.synopsis = "[OPTIONS] ARCHIVE PATH…",
	.details =
		"Of an archive in a store that ws-archive made, only the index and the parts with these\n"
		"files are read. Of several entries with one path, as `tar -u` makes them, it is the last;\n"
		"in a pipe, which can't be gone back in, the first from where it is.",
	.groups = groups,
	.options_size = sizeof(struct options),
	.args_min = 2,
	.args_max = SIZE_MAX,
	.run = run,
	.prints_content = applet_prints_content,
};
