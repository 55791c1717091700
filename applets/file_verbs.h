/* The verbs of ws-file, one file each, and what they share. */
#ifndef WS_APPLETS_FILE_VERBS_H
#define WS_APPLETS_FILE_VERBS_H

#include "applets/applet.h"
#include "applets/ws_options.h"
#include "os/file.h"
#include "ws/flat.h"
#include "ws/inside.h"

extern const struct applet file_artifacts_applet;
extern const struct applet file_cat_applet;
extern const struct applet file_ls_applet;
extern const struct applet file_mv_applet;
extern const struct applet file_put_applet;
extern const struct applet file_watch_applet;

/* The base, and the workspace that the first operand names; for FILE_TARGET_AUTO. */
struct file_target {
	struct base_dir base;
	struct inside in;
	bool is_flat; /* files have names only, and a registry */
};
int file_target_open(const struct applet_call *call, const struct ws_options *where,
                     struct file_target *out, struct err *e) MUST_CHECK;
void file_target_close(struct file_target *t);
/* The path that an operand means: itself; of a flat workspace, the name that flat_find says. */
int file_target_path(const struct file_target *t, const char *operand, char found[DIR_NAME_MAX + 1],
                     const char **path, struct err *e) MUST_CHECK;
/* After a change to the file `name` (NULL: of others): keep a flat workspace's registry in step. */
int file_target_changed(const struct file_target *t, const char *name, const char *agent,
                        struct err *e) MUST_CHECK;
#define FILE_TARGET_AUTO AUTO(file_target_close) struct file_target

/* "file", "directory", "symlink", "other". */
const char *file_show_type(uint32_t mode);
/* Set "type", "mode", "size", "mtime". */
void file_show_json(struct js *o, const struct file_stat *st);
/* "-rw-r--r--" */
enum { FILE_SHOW_MODE_MAX = 12 };
char *file_show_mode(uint32_t mode, char out[FILE_SHOW_MODE_MAX]);

#endif
