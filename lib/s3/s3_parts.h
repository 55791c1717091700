/* What the server has of an upload: ListParts (internal to lib/s3). */
#ifndef WS_S3_S3_PARTS_H
#define WS_S3_S3_PARTS_H

#include "s3/s3_multipart.h"

/* Take the parts over that are there and whole, of an upload of `size` bytes in parts of `part_size`. NOT_FOUND when the
 * server does not know the upload. */
int s3_parts_take(struct s3_multipart *m, uint64_t size, uint64_t part_size,
                  struct err *e) MUST_CHECK;

#endif
