/* The licences of ws and of every library linked in, as one text. Generated from third_party/manifest. */
#ifndef WS_APPLETS_LICENSES_H
#define WS_APPLETS_LICENSES_H

extern const char licenses_text[];

#endif
