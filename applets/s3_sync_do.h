/* What a synchronisation does with one name (between s3_sync.c and s3_sync_do.c). */
#ifndef WS_APPLETS_S3_SYNC_DO_H
#define WS_APPLETS_S3_SYNC_DO_H

#include "applets/s3_batch.h"
#include "applets/s3_headers.h"
#include "applets/s3_job.h"
#include "applets/s3_side.h"

struct s3_sync_options {
	struct s3_config s3;
	struct s3_filter filter;
	struct s3_headers headers;
	bool remove, checksum, size_only, dry_run, resume, raw;
	uint64_t max_delete;
};

struct s3_sync {
	const struct s3_sync_options *options;
	struct s3_path source; /* as it was said; from_path is its directory when it is a pattern */
	struct s3_path from_path, to_path;
	struct s3_job_queue queue;
	struct s3_headers_list headers;
	struct s3_put put;
	struct s3_batch *batch;
	struct s3_batch_counts deletions;
	int root;         /* where downloads go */
	bool deleting;    /* the second pass */
	uint64_t extra;   /* what only the target has */
	uint64_t unknown; /* of which a link in the source may stand for the same */
	struct s3_side from, to;
};

/* Open the target, and sync it at the end. */
int s3_sync_do_begin(struct s3_sync *s, struct err *e) MUST_CHECK;
int s3_sync_do_end(struct s3_sync *s, struct err *e) MUST_CHECK;
/* Whether the present entry of `from` has to be copied; `there`: `to` has it, too. */
bool s3_sync_do_entry(struct s3_sync *s, bool there);
void s3_sync_do_copy(struct s3_sync *s);
/* The present entry of `to` is not in `from`. */
void s3_sync_do_extra(struct s3_sync *s);
/* A thing that cannot be read: a failure, so nothing will be deleted. */
void s3_sync_do_trouble(void *ctx, struct err *e);

#endif
