/* ws-archive: the verbs. */
#include "applets/pack_verbs.h"
#include "applets/table.h"

static const struct applet *const verbs[] = {
	&pack_backup_applet,  &pack_cat_applet,     &pack_create_applet,
	&pack_diff_applet,    &pack_extract_applet, &pack_list_applet,
	&pack_restore_applet, &pack_verify_applet,  NULL,
};

const struct applet ws_archive_applet = {
	.name = "ws-archive",
	.summary =
		"archives that every tar can read: create, list, extract, look into, verify, compare, back up",
	.synopsis = "COMMAND [OPTIONS] …",
	.details =
		"An ARCHIVE is a path, file:///path, s3://BUCKET/KEY, or - for standard input or output.\n"
		"What create makes is a plain tar.gz for others, and has an index for us: one file of it is\n"
		"read with three requests, and all of it on all cores. Other tars (plain, gzip, zstd) and\n"
		"zip files are read too. Where the kernel has Landlock, what reads an archive can write\n"
		"nothing but what it unpacks, and for a local one reach no network; -v tells.",
	.subs = verbs,
};
