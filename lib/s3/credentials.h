/* The keys that requests are signed with. Where they are looked for is chain.h. */
#ifndef WS_S3_CREDENTIALS_H
#define WS_S3_CREDENTIALS_H

#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"

enum { CREDENTIALS_TEXT_MAX = 8192 };

struct credentials {
	char *access_key; /* NULL: none, requests are not signed */
	char *secret_key;
	char *session_token; /* "" when there is none */
	char *origin;        /* "the environment", "/root/.aws/credentials [default]" */
	int64_t expires_ms;  /* since 1970; 0: it was not said */
};

/* The same as someone tells them; what is absent is empty. */
struct credentials_text {
	struct str access, secret, token;
	struct str expiration; /* ISO 8601 */
};

/* Take a pair of keys: 1 taken, 0 there is none. Errors: CONFIG for half a pair, and for what cannot be keys; the
 * message says `origin`, never a key. */
int credentials_take(const struct credentials_text *text, const char *origin,
                     struct credentials *out, struct err *e) MUST_CHECK;
/* Wipes. */
void credentials_free(struct credentials *c);
#define CREDENTIALS_AUTO AUTO(credentials_free) struct credentials
/* Whether they are the same keys. */
bool credentials_same(const struct credentials *a, const struct credentials *b);

/* Whether `text` holds one of the secrets of `c` (NULL: there are none), or a piece of what is signed. */
bool credentials_leak(const struct credentials *c, struct str text);

#endif
