/* ws-file: the verbs. */
#include "applets/file_verbs.h"
#include "applets/table.h"

static const struct applet *const verbs[] = {
	&file_artifacts_applet,
	&file_cat_applet,
	&file_ls_applet,
	&file_mv_applet,
	&file_put_applet,
	&file_watch_applet,
	NULL,
};

const struct applet ws_file_applet = {
	.name = "ws-file",
	.summary = "look into a workspace safely, put files in, move results out",
	.synopsis = "COMMAND [OPTIONS] ID …",
	.details =
		"PATHs are relative to the workspace and stay beneath it; no link is followed. In a flat workspace\n"
		"(profile flat) they are names: of a file, its id in the registry, or the beginning of one name alone.",
	.subs = verbs,
};
