/* Deleting many objects of one bucket: in lists of 1,000, a few at a time. */
#ifndef WS_APPLETS_S3_BATCH_H
#define WS_APPLETS_S3_BATCH_H

#include "applets/applet.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/progress.h"
#include "base/str.h"
#include "s3/s3.h"

struct s3_batch;

struct s3_batch_counts {
	uint64_t total, failed;
	struct progress progress;
};

int s3_batch_open(const struct applet_call *call, struct s3 *s3, struct s3_batch_counts *counts,
                  struct s3_batch **out, struct err *e) MUST_CHECK;
/* Delete this key some time until s3_batch_wait; with `dry_run` say so only. What fails is reported. All keys
 * between two waits are of one bucket, whose name outlives them. */
void s3_batch_add(struct s3_batch *b, struct str bucket, struct str key, bool dry_run);
void s3_batch_wait(struct s3_batch *b);
/* Waits, and frees. NULL is fine. */
void s3_batch_close(struct s3_batch *b);
void s3_batch_close_auto(struct s3_batch **b);
#define S3_BATCH_AUTO AUTO(s3_batch_close_auto) struct s3_batch *

/* Say that a key was deleted, or would be. */
void s3_batch_show(const struct applet_call *call, struct str bucket, struct str key, bool dry_run);

#endif
