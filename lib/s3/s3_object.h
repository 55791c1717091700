/* Uploads of one body, shared by s3_object.c, s3_transfer.c and s3_sink.c (internal to lib/s3). */
#ifndef WS_S3_S3_OBJECT_H
#define WS_S3_S3_OBJECT_H

#include "net/http.h"
#include "s3/s3_client.h"

/* One PUT of a body. A 412 is looked into: an answer that was lost, or a server that compares tags with
 * their quotes, is not a conflict. id may be NULL. */
int s3_object_put(struct s3 *s3, struct str bucket, struct str key, const struct http_body *body,
                  const struct s3_put *put, struct blob_id *id, struct err *e) MUST_CHECK;
/* Whether the conditions of `put` (may be NULL) can be relied on here; `parts`: of an upload by parts. */
int s3_object_may_put(struct s3 *s3, struct str bucket, struct str key, const struct s3_put *put,
                      bool parts, struct err *e) MUST_CHECK;

#endif
