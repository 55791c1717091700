/* Between s3_request.c and s3_reply.c. */
#ifndef WS_S3_S3_REPLY_H
#define WS_S3_S3_REPLY_H

#include "net/http_parse.h"
#include "s3/s3_request.h"

/* Copy what matters of an answer's head. */
void s3_reply_take_head(struct s3_reply *reply, const struct http_head *h);
/* Give the connection back. */
void s3_reply_release(struct s3_reply *reply);

#endif
