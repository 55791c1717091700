/* ws-archive: the verbs. */
#include "applets/archive.h"
#include "applets/table.h"

static const struct applet *const verbs[] = {
	&archive_cat_applet,  &archive_create_applet, &archive_extract_applet,
	&archive_list_applet, &archive_verify_applet, NULL,
};

const struct applet ws_archive_applet = {
	.name = "ws-archive",
	.summary = "archives that every tar can read: create, list, extract, look into, verify",
	.synopsis = "COMMAND [OPTIONS] …",
	.details =
		"An ARCHIVE is a path, file:///path, s3://BUCKET/KEY, or - for standard input or output.\n"
		"What create makes is a plain tar.gz for others, and has an index for us: one file of it is\n"
		"read with three requests, and all of it on all cores. Other tars (plain, gzip, zstd) and\n"
		"zip files are read too.",
	.subs = verbs,
};
