/* ws-s3 stat, cat, presign: one object at a time. */
#ifndef WS_APPLETS_S3_STAT_H
#define WS_APPLETS_S3_STAT_H

#include "applets/applet.h"

extern const struct applet s3_stat_applet;
extern const struct applet s3_stat_cat_applet;
extern const struct applet s3_stat_presign_applet;

#endif
