/* What the server has after all: questions that a multipart upload ends with (internal to lib/s3). */
#ifndef WS_S3_S3_SETTLE_H
#define WS_S3_S3_SETTLE_H

#include "s3/s3_multipart.h"

/* After a failed completion: 0 when the object is there and is ours, the error forgotten; else -1. */
int s3_settle_lost_answer(struct s3_multipart *m, bool repeated, struct err *e) MUST_CHECK;
/* The completed object has the size that was sent; its identity goes to *id (may be NULL). */
int s3_settle_size(struct s3_multipart *m, struct blob_id *id, struct err *e) MUST_CHECK;

#endif
