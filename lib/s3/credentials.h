/* The keys that requests are signed with, and where they come from. */
#ifndef WS_S3_CREDENTIALS_H
#define WS_S3_CREDENTIALS_H

#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"
#include "s3/awsconf.h"

enum { CREDENTIALS_TEXT_MAX = 8192 };

struct credentials {
	char *access_key; /* NULL: none, requests are not signed */
	char *secret_key;
	char *session_token; /* "" when there is none */
	char *origin;        /* "environment", "/root/.aws/credentials [default]" */
};

/* The first that has keys: the environment (unless the user named a profile), the credentials file, the
 * config file. Errors: DENIED naming the places that were looked at, CONFIG for half a pair. */
int credentials_find(const struct awsconf *conf, struct credentials *out, struct err *e) MUST_CHECK;
/* Wipes. */
void credentials_free(struct credentials *c);

/* Whether `text` holds one of the secrets, or a piece of what is signed. */
bool credentials_leak(const struct credentials *c, struct str text);

#endif
