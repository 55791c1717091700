/* ws-s3 mb and rb: make and remove buckets. */
#ifndef WS_APPLETS_S3_MB_H
#define WS_APPLETS_S3_MB_H

#include "applets/applet.h"

extern const struct applet s3_mb_applet;
extern const struct applet s3_mb_rb_applet;

#endif
