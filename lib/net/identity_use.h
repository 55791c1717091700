/* Internal to net: an identity as BearSSL wants it, and the reading of keys. */
#ifndef WS_NET_IDENTITY_USE_H
#define WS_NET_IDENTITY_USE_H

#include <bearssl_ssl.h>

#include "base/str.h"
#include "net/identity.h"

/* A private key; its pointers go into the DER that it was read from. */
struct identity_key {
	int type; /* BR_KEYTYPE_RSA, BR_KEYTYPE_EC */
	br_rsa_private_key rsa;
	struct str modulus; /* of RSA */
	br_ec_private_key ec;
};

/* From DER of the label's form ("PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"). */
int identity_key_parse(const char *label, struct str der, struct identity_key *out) MUST_CHECK;
/* Whether it is the other half of a certificate's key. */
bool identity_key_fits(const struct identity_key *key, const br_x509_pkey *certified);

/* Let the client answer a server's wish with it; `id` outlives the client. */
void identity_use(const struct identity *id, br_ssl_client_context *client);

#endif
