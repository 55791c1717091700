/* Errors as S3 servers tell them: XML bodies, statuses, and what they mean for us (internal to lib/s3). */
#ifndef WS_S3_S3_ERROR_H
#define WS_S3_S3_ERROR_H

#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"
#include "s3/credentials.h"
#include "s3/endpoint.h"

enum { S3_ERROR_MESSAGE_MAX = 400 };

struct s3_error {
	char code[ERR_CODE_MAX];
	char message[S3_ERROR_MESSAGE_MAX]; /* raw: not to be shown before it was quoted */
	char region[ENDPOINT_REGION_MAX + 1];
	char request_id[ERR_REQUEST_ID_MAX];
};

/* Read an <Error> document; fields that do not fit or are absent are "". Returns whether it was one. A
 * document that breaks off after its <Code> still gives the code. */
bool s3_error_parse(struct str body, struct s3_error *out);

/* Whether `body`, the answer with a good status, is a whole document with the root element `root`. An <Error>
 * in it goes to *out (returns -1, as for anything else that is not `root`). */
int s3_error_in_success(struct str body, const char *root, struct s3_error *out) MUST_CHECK;

/* Set `e` from a status and an error: "403 AccessDenied: Access Denied (request id …)". Texts of the server
 * are cut, escaped, and withheld when they quote `secrets`. Returns -1. */
int s3_error_set(int status, const struct s3_error *error, const struct credentials *secrets,
                 struct err *e);
/* Whether the server got another body than was sent. */
bool s3_error_is_damage(const struct err *e);
/* Whether the server asks for fewer requests. */
bool s3_error_is_throttle(const struct err *e);

/* Put "VERB s3://bucket/key: " in front. Returns -1. */
int s3_error_context(struct err *e, const char *verb, struct str bucket, struct str key);

#endif
