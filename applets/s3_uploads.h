/* ws-s3 uploads: multipart uploads that nobody ended. */
#ifndef WS_APPLETS_S3_UPLOADS_H
#define WS_APPLETS_S3_UPLOADS_H

#include "applets/applet.h"

extern const struct applet s3_uploads_applet;

#endif
