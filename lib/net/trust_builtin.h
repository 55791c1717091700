/* Internal to net: the certificates compiled in; third_party/ca_bundle.sh writes the C file. */
#ifndef WS_NET_TRUST_BUILTIN_H
#define WS_NET_TRUST_BUILTIN_H

#include <stddef.h>

extern const char trust_builtin_certs[];   /* complete DER, one behind the other */
extern const size_t trust_builtin_len;     /* bytes of all of them */
extern const char trust_builtin_version[]; /* of Debian's package */

#endif
