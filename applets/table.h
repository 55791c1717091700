/* The list of applets. Adding one: its file with a `const struct applet`, a declaration and a line in table.c. */
#ifndef WS_APPLETS_TABLE_H
#define WS_APPLETS_TABLE_H

#include "applets/applet.h"

/* Sorted by name, NULL-terminated. */
extern const struct applet *const table_applets[];

/* The applet called `name` ("ws-gc" or "gc"), or NULL. */
const struct applet *table_find(const char *name);
/* The sub-command `name` of `a`, or NULL. */
const struct applet *table_find_sub(const struct applet *a, const char *name);

/* Whether the applet called exactly `applet`, or one of its sub-commands, has an option `name` of its own; NULL:
 * whether any applet has. */
bool table_has_option(const char *applet, const char *name);

/* Descriptors, each at the end of its applet's file. */
extern const struct applet ws_archive_applet;
extern const struct applet ws_file_applet;
extern const struct applet ws_gc_applet;
extern const struct applet ws_ls_applet;
extern const struct applet ws_s3_applet;
extern const struct applet ws_setup_applet;
extern const struct applet ws_teardown_applet;

#endif
