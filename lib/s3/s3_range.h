/* Reading a range of an object, pinned to one state of it (internal to lib/s3). */
#ifndef WS_S3_S3_RANGE_H
#define WS_S3_S3_RANGE_H

#include "s3/s3_client.h"
#include "s3/s3_request.h"

enum { S3_RANGE_BYTES = 8 << 20 }; /* one request of a large download */

struct s3_range {
	struct s3 *s3;
	struct str bucket, key;
	uint64_t from, len;
	/* The state to read: size and ETag. With `learn` and from 0 it is learned: *object is filled by the first
	 * answer, which is asked for without a range and cut off after `len`; `len` may be more than there is. */
	struct s3_object *object;
	bool learn;
	struct s3_claim *claim; /* with learn: filled, too */
	/* Where bytes go, in order; offset is that in the object. */
	int (*take)(void *ctx, uint64_t offset, const void *p, size_t len, struct err *e);
	void *ctx;
};

/* Whether a failure means that the object is not the one pinned. */
bool s3_range_changed(const struct err *e);
/* Get it. A body that ends short goes on where it ended. CONFLICT "changed while reading" when the object is
 * not the one pinned. */
int s3_range_get(const struct s3_range *r, struct err *e) MUST_CHECK;

#endif
