/* ws-s3 ls: buckets, or the objects of one. */
#ifndef WS_APPLETS_S3_LS_H
#define WS_APPLETS_S3_LS_H

#include "applets/applet.h"

extern const struct applet s3_ls_applet;

#endif
