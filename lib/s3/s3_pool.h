/* Numbered steps of one transfer, on the threads that all transfers of a client share (internal to lib/s3). */
#ifndef WS_S3_S3_POOL_H
#define WS_S3_S3_POOL_H

#include "s3/s3_client.h"

/* Run step(ctx, n) for n in [first, end): here, and in threads that have time, in all as many as the client may use.
 * Steps start in order; after a failure no more start, and the call returns -1 with that failure when the running
 * ones have ended. */
int s3_pool_each(struct s3 *s3, uint64_t first, uint64_t end,
                 int (*step)(void *ctx, uint64_t n, struct err *e), void *ctx,
                 struct err *e) MUST_CHECK;

#endif
