/* ws-s3 rm: delete objects. */
#ifndef WS_APPLETS_S3_RM_H
#define WS_APPLETS_S3_RM_H

#include "applets/applet.h"

extern const struct applet s3_rm_applet;

#endif
