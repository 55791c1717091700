/* Internal to net: the bytes of an address that is written as text. */
#ifndef WS_NET_IP_H
#define WS_NET_IP_H

#include "base/defs.h"
#include "base/str.h"

enum { IP_V4 = 4, IP_V6 = 16 };

/* IP_V4 or IP_V6, the number of bytes put into `out`; 0 when `host` is not an address. No brackets, no zone. */
size_t ip_parse(struct str host, unsigned char out[IP_V6]);

#endif
