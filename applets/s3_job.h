/*
 * Objects to move, each a job. They run side by side on the client's threads, which the parts of large ones share.
 * Results are reported by the caller's thread.
 */
#ifndef WS_APPLETS_S3_JOB_H
#define WS_APPLETS_S3_JOB_H

#include "applets/applet.h"
#include "applets/s3_filter.h"
#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "os/file.h"
#include "os/pool.h"
#include "s3/s3.h"

enum s3_job_kind { S3_JOB_UPLOAD, S3_JOB_DOWNLOAD, S3_JOB_COPY };

struct s3_job {
	struct pool_job job;
	struct s3_job_queue *queue;
	enum s3_job_kind kind;
	struct str bucket; /* of the object that is read or written; of a copy: that is written */
	struct str from_bucket; /* of a copy */
	struct buf key;
	struct buf from_key; /* of a copy */
	int root_fd;         /* `path` is beneath it; -1: it is the user's own */
	struct buf path;     /* the local file */
	struct buf from, to; /* both ends, for people */
	uint64_t size_bytes;
	int64_t mtime_ms; /* what a downloaded file gets; 0: the present time */
	bool busy;
};

struct s3_job_queue {
	const struct applet_call *call;
	struct s3 *s3;
	const struct s3_put *put; /* of uploads; of copies when not NULL */
	bool dry_run;
	bool resume;                    /* go on with what an earlier run left */
	bool move;                      /* remove the source of what arrived */
	const struct s3_filter *filter; /* of many names; NULL: none */
	bool single; /* one object: its failure is the caller's, and files are synced at once */
	struct pool *pool;
	struct s3_job *slots;
	size_t slot_count;
	uint64_t total, failed;
	struct err first; /* failure of a single object */
	struct progress progress;
};

int s3_job_queue_open(struct s3_job_queue *q, struct err *e) MUST_CHECK;
/* A job to fill in, its texts empty; waits for one, and reports it, when all are under way. */
struct s3_job *s3_job_next(struct s3_job_queue *q);
/* Run it, or with dry_run say what it would do. */
void s3_job_start(struct s3_job_queue *q, struct s3_job *j);
/* A thing that could not even become a job. */
void s3_job_failed(struct s3_job_queue *q, struct err *e);
/* Wait for all and report them. */
void s3_job_wait(struct s3_job_queue *q);
/* Wait for all, free, and say how it went. */
int s3_job_queue_close(struct s3_job_queue *q, struct err *e) MUST_CHECK;

/* Do one (s3_job_run.c). */
int s3_job_run(struct s3_job *j, struct err *e) MUST_CHECK;
/* For the dry run of a single one: whether what is in its place can be replaced. */
int s3_job_run_check(struct s3_job *j, struct err *e) MUST_CHECK;
/* Remove the file that was uploaded, or the object that was read in the state `etag`, unless it is another
 * one by now (s3_job_move.c). */
int s3_job_move_file(const struct s3_job *j, const struct file_stat *sent,
                     struct err *e) MUST_CHECK;
int s3_job_move_object(const struct s3_job *j, struct str bucket, struct str key, const char *etag,
                       struct err *e) MUST_CHECK;
/* Whether a key can become a path beneath a directory: no empty, "." or ".." component, no NUL. */
bool s3_job_run_is_safe(struct str path);

#endif
