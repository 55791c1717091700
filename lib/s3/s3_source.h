/* A source over an object whose state is known already (internal to lib/s3). */
#ifndef WS_S3_S3_SOURCE_H
#define WS_S3_S3_SOURCE_H

#include "base/io.h"
#include "s3/s3.h"

/* Makes no request. Bucket, key and object are copied. */
struct source *s3_source_of(struct s3 *s3, struct str bucket, struct str key,
                            const struct s3_object *object);

#endif
