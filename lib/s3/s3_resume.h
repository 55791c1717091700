/*
 * Uploads that can go on: a file in $XDG_STATE_HOME/ws/uploads (else ~/.local/state/ws/uploads) for each target, with the
 * upload's id, its part size, and which file it was of. Locked while it is in use (internal to lib/s3).
 */
#ifndef WS_S3_S3_RESUME_H
#define WS_S3_S3_RESUME_H

#include "os/file.h"
#include "s3/s3_multipart.h"

struct s3_resume {
	int dir, fd; /* -1: not open */
	char name[40];
	char source[128];                 /* identity of the file that is to be uploaded */
	char upload_id[S3_UPLOAD_ID_MAX]; /* what an earlier run began; "": nothing */
	uint64_t part_size;
	bool changed; /* it was of another file: to be aborted */
};
#define S3_RESUME_AUTO AUTO(s3_resume_close) struct s3_resume

/* Look for an upload to this target. Errors: CONFIG without a home, TRY_AGAIN when another process is at it. */
int s3_resume_open(struct s3_resume *r, const struct s3 *s3, struct str bucket, struct str key,
                   const struct file_stat *source, struct err *e) MUST_CHECK;
/* Write down what was begun. */
int s3_resume_keep(struct s3_resume *r, const char *upload_id, uint64_t part_size,
                   struct err *e) MUST_CHECK;
/* It is done, or gone. */
void s3_resume_forget(struct s3_resume *r);
void s3_resume_close(struct s3_resume *r);

#endif
