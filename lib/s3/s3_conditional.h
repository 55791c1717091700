/*
 * Whether a server honours the conditions of writes. Some ignore them and overwrite, some refuse them; so nothing
 * relies on one before it was seen to work here, both ways: let through when it holds, and refused with 412 when it
 * does not. Writes with struct s3_put's if_match or if_none_match ask by themselves.
 */
#ifndef WS_S3_S3_CONDITIONAL_H
#define WS_S3_S3_CONDITIONAL_H

#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"
#include "s3/s3.h"

enum s3_condition {
	S3_CONDITION_CREATE,          /* If-None-Match: * of a PUT */
	S3_CONDITION_REPLACE,         /* If-Match: ETag of a PUT */
	S3_CONDITION_CREATE_COMPLETE, /* the same when a multipart upload is completed: objects of */
	S3_CONDITION_REPLACE_COMPLETE, /* several parts, streams longer than one */
	S3_CONDITIONS,
};

/* Try it in the bucket, on an object ".ws-probe-" and a random name below `prefix` ("" or "dir/"), which is removed
 * again: 4 to 9 requests. Yes and no are remembered per client and bucket, later calls cost nothing. Unknown is the
 * answer when it could not be tried, and is not remembered; *e says why. `how` says what was seen. Thread-safe. */
enum s3_answer s3_conditional_ask(struct s3 *s3, struct str bucket, struct str prefix,
                                  enum s3_condition what, char how[S3_PROBE_HOW_MAX],
                                  struct err *e) MUST_CHECK;
/* 0 only when the answer is yes; asks beside `key`. Errors: UNAVAILABLE for no, the reason for unknown. */
int s3_conditional_require(struct s3 *s3, struct str bucket, struct str key, enum s3_condition what,
                           struct err *e) MUST_CHECK;

#endif
