/* Internal to url: the grammar of hosts. */
#ifndef WS_BASE_URL_HOST_H
#define WS_BASE_URL_HOST_H

#include "base/defs.h"
#include "base/str.h"
#include "base/url.h"

/* Four decimal numbers up to 255 without leading zeros. */
bool url_host_is_ipv4(struct str s);
/* RFC 4291 section 2.2, all three forms; no zone id. */
bool url_host_is_ipv6(struct str s);
/* Whether an IPv6 address, in any spelling, is ::1. */
bool url_host_is_ipv6_loopback(struct str s);
/* A DNS name (underscores allowed inside, as container networks have them) or an IPv4 address. A
 * name whose last label is a number is refused unless it is an IPv4 address: resolvers read
 * 127.1 and 0x7f.1 as addresses too. */
bool url_host_is_name(struct str s);
/* Copy a host that passed one of the checks above into `out`, in lower case. */
void url_host_lower(struct str s, char out[URL_HOST_MAX]);

#endif
