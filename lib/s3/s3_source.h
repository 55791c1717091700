/* A source over an object whose state is known already (internal to lib/s3). */
#ifndef WS_S3_S3_SOURCE_H
#define WS_S3_S3_SOURCE_H

#include "base/io.h"
#include "s3/s3.h"

/* Makes no request. Bucket, key and object are copied. */
struct source *s3_source_of(struct s3 *s3, struct str bucket, struct str key,
                            const struct s3_object *object);

/* The end of an object. `bytes` are the caller's to mem_free. */
struct s3_tail {
	struct s3_object object;
	unsigned char *bytes;
	size_t len;
};
/* Ask for the last `max` bytes of an object: 1 and *out, 0 when the server did not give just them (ask otherwise), -1. */
int s3_tail(struct s3 *s3, struct str bucket, struct str key, size_t max, struct s3_tail *out,
            struct err *e) MUST_CHECK;

#endif
