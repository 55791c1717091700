/* Numbered steps of one transfer, on as many threads as the client may use (internal to lib/s3). */
#ifndef WS_S3_S3_FAN_H
#define WS_S3_S3_FAN_H

#include "base/defs.h"
#include "base/err.h"
#include "s3/s3.h"

/* Run step(ctx, n) for n in [first, end). Steps start in order; after a failure no more start, and the call
 * returns -1 with that failure when the running ones have ended. */
int s3_fan_run(struct s3 *s3, uint64_t first, uint64_t end,
               int (*step)(void *ctx, uint64_t n, struct err *e), void *ctx,
               struct err *e) MUST_CHECK;

#endif
