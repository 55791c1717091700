/* ws-s3 probe: what can this server do. */
#ifndef WS_APPLETS_S3_PROBE_H
#define WS_APPLETS_S3_PROBE_H

#include "applets/applet.h"

extern const struct applet s3_probe_applet;

#endif
