/* The verbs of ws-archive, one file each. */
#ifndef WS_APPLETS_ARCHIVE_H
#define WS_APPLETS_ARCHIVE_H

#include "applets/applet.h"

extern const struct applet archive_cat_applet;
extern const struct applet archive_create_applet;
extern const struct applet archive_extract_applet;
extern const struct applet archive_list_applet;
extern const struct applet archive_verify_applet;

#endif
