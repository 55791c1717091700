/* Internal to net: the trust anchors as BearSSL wants them. */
#ifndef WS_NET_TRUST_ANCHORS_H
#define WS_NET_TRUST_ANCHORS_H

#include <bearssl_x509.h>

#include "base/str.h"
#include "net/trust.h"

/* What the certificate of an anchor says beyond BearSSL's form. */
struct trust_limits {
	struct str constraints; /* content of its name constraints; empty: none */
	int path_len;           /* -1: any number of CAs may follow */
};

/* All anchors kept; *count of them, valid as long as `t`. */
const br_x509_trust_anchor *trust_anchors(const struct trust *t, size_t *count);
/* The limits of anchor number `i`. */
const struct trust_limits *trust_limits(const struct trust *t, size_t i);

#endif
