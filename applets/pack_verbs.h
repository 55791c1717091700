/* The verbs of ws-archive, one file each. */
#ifndef WS_APPLETS_PACK_VERBS_H
#define WS_APPLETS_PACK_VERBS_H

#include "applets/applet.h"

extern const struct applet pack_backup_applet;
extern const struct applet pack_cat_applet;
extern const struct applet pack_create_applet;
extern const struct applet pack_diff_applet;
extern const struct applet pack_extract_applet;
extern const struct applet pack_list_applet;
extern const struct applet pack_restore_applet;
extern const struct applet pack_verify_applet;

#endif
