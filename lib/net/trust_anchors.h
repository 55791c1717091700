/* Internal to net: the trust anchors as BearSSL wants them. */
#ifndef WS_NET_TRUST_ANCHORS_H
#define WS_NET_TRUST_ANCHORS_H

#include <bearssl_x509.h>

#include "net/trust.h"

/* All anchors kept; *count of them, valid as long as `t`. */
const br_x509_trust_anchor *trust_anchors(const struct trust *t, size_t *count);

#endif
