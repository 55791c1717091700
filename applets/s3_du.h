/* ws-s3 du: how much is there. */
#ifndef WS_APPLETS_S3_DU_H
#define WS_APPLETS_S3_DU_H

#include "applets/applet.h"

extern const struct applet s3_du_applet;

#endif
