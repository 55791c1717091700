/*
 * A file that is not whole yet and knows what it has: the object's bytes where they belong, and behind where they will
 * end the object's ETag and a mark for each range that is there. So an interrupted download goes on (internal to lib/s3).
 */
#ifndef WS_S3_S3_PARTIAL_H
#define WS_S3_S3_PARTIAL_H

#include "s3/s3_client.h"

struct s3_partial {
	int fd;
	uint64_t size, count; /* of the object, and of ranges */
	char *marks;
};

/* Look at what the file has of `object`, in ranges of `range_bytes`. What it has of anything else is forgotten. */
int s3_partial_open(struct s3_partial *p, int fd, const struct s3_object *object,
                    uint64_t range_bytes, struct err *e) MUST_CHECK;
bool s3_partial_has(const struct s3_partial *p, uint64_t n);
/* Range n was written: sync it, then mark it. Ranges may be marked from several threads. */
int s3_partial_mark(struct s3_partial *p, uint64_t n, struct err *e) MUST_CHECK;
/* All ranges are there: cut off what is not the object's. */
int s3_partial_end(struct s3_partial *p, struct err *e) MUST_CHECK;
void s3_partial_free(struct s3_partial *p);
#define S3_PARTIAL_AUTO AUTO(s3_partial_free) struct s3_partial

#endif
