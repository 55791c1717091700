/* ws-s3 sync: make one side like the other. */
#ifndef WS_APPLETS_S3_SYNC_H
#define WS_APPLETS_S3_SYNC_H

#include "applets/applet.h"

extern const struct applet s3_sync_applet;

#endif
