/* ws-s3 run: many commands in one process. */
#ifndef WS_APPLETS_S3_RUN_H
#define WS_APPLETS_S3_RUN_H

#include "applets/applet.h"

extern const struct applet s3_run_applet;

#endif
