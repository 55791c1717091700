/*
 * The keys of a client, shared by its threads. Keys that end are replaced 5 minutes before, and when a server says that
 * they have; whoever uses the old ones goes on with them until he is done.
 */
#ifndef WS_S3_KEYRING_H
#define WS_S3_KEYRING_H

#include "base/defs.h"
#include "base/err.h"
#include "s3/chain.h"
#include "s3/credentials.h"

enum { KEYRING_AHEAD_MS = 5 * 60 * 1000, KEYRING_REST_MS = 60 * 1000 };

struct keyring;

/* Keys in use. */
struct keyring_keys {
	struct credentials value;
	unsigned users; /* the keyring's business, as is what follows */
	bool last;      /* asking again gave the same */
};

/* Find the first keys. The texts of `config` outlive the keyring. Errors: as chain_find, awsconf_load. */
int keyring_open(const struct chain_config *config, struct keyring **out, struct err *e) MUST_CHECK;
/* Nobody may use its keys any more. NULL is fine. */
void keyring_close(struct keyring *k);

/* The present keys; give them back. NULL, a client that does not sign, gives NULL. While the keys still hold, a
 * replacement that fails is tried again a minute later; when they no longer do, its error is returned. `stop` (may be
 * NULL) ends the asking. */
int keyring_take(struct keyring *k, const struct stop *stop, struct keyring_keys **out,
                 struct err *e) MUST_CHECK;
/* NULL is fine. */
void keyring_give(struct keyring *k, struct keyring_keys *keys);
/* A server says that the keys `used` have ended: whether there are others now. */
bool keyring_renew(struct keyring *k, struct keyring_keys *used, const struct stop *stop);

/* What they are; NULL for NULL. */
const struct credentials *keyring_value(const struct keyring_keys *keys);

#endif
