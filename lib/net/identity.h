/* Who we are to a server that asks: a client certificate and its private key. */
#ifndef WS_NET_IDENTITY_H
#define WS_NET_IDENTITY_H

#include "base/defs.h"
#include "base/err.h"

struct identity; /* immutable after load; may be shared by threads */

/* The certificate, with those above it behind it, from the PEM file `cert`; its key (RSA or P-256, P-384, P-521; PKCS#8, PKCS#1 or SEC1;
 * not encrypted) from `key`, NULL: from the same file. Errors: CONFIG naming the file. */
int identity_load(const char *cert, const char *key, struct identity **out,
                  struct err *e) MUST_CHECK;
/* Wipes the key. NULL is fine. */
void identity_free(struct identity *id);

#endif
