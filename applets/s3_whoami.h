/* ws-s3 whoami: whose keys are used, and how they were found. */
#ifndef WS_APPLETS_S3_WHOAMI_H
#define WS_APPLETS_S3_WHOAMI_H

#include "applets/applet.h"

extern const struct applet s3_whoami_applet;

#endif
