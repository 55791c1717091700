/* Checking what was downloaded against what the server says of it (internal to lib/s3). */
#ifndef WS_S3_S3_VERIFY_H
#define WS_S3_S3_VERIFY_H

#include "s3/s3_request.h"

struct s3_verify {
	struct s3_claim claim;
	struct s3_sum sum;            /* of the whole, or of the sums of the parts so far */
	struct s3_sum part;           /* of the present one */
	uint64_t part_size, part_len; /* 0: not by parts */
	struct s3 *s3;                /* what follows is for asking about its parts */
	struct str bucket, key;
	const struct s3_object *object;
};

/* Nothing is claimed that can be checked. */
bool s3_verify_is_off(const struct s3_verify *v);
/* Get ready to check an object with this claim, which outlives the checking. Of one by parts the server is asked how large
 * the first is; where it does not say, or they cannot all be of that size, nothing is checked. */
void s3_verify_begin(struct s3_verify *v, struct s3 *s3, struct str bucket, struct str key,
                     const struct s3_object *object, const struct s3_claim *claim);
/* Feed the content in order. */
void s3_verify_add(struct s3_verify *v, const void *p, size_t len);
/* DATA when the content is another one. Before that is said of a sum of parts, the server is asked for the size of each:
 * where they differ nobody knows. */
int s3_verify_end(struct s3_verify *v, struct err *e) MUST_CHECK;
/* Feed the content of a file (`size` bytes) and end. */
int s3_verify_file(struct s3_verify *v, int fd, uint64_t size, struct err *e) MUST_CHECK;

#endif
