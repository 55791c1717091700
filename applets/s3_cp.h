/* ws-s3 cp, put and get: move objects between files, standard input and output, and S3. */
#ifndef WS_APPLETS_S3_CP_H
#define WS_APPLETS_S3_CP_H

#include "applets/applet.h"
#include "applets/s3_job.h"
#include "applets/s3_path.h"

extern const struct applet s3_cp_applet;
extern const struct applet s3_cp_mv_applet;
extern const struct applet s3_cp_get_applet;
extern const struct applet s3_cp_put_applet;

/* Between s3_cp.c and s3_cp_many.c: give the queue all that one source stands for. A source that cannot be
 * read at all is an error, single things that cannot are reported. */
int s3_cp_many_files(struct s3_job_queue *q, const char *directory, const struct s3_path *to,
                     struct err *e) MUST_CHECK;
int s3_cp_many_objects(struct s3_job_queue *q, const struct s3_path *from, const struct s3_path *to,
                       struct err *e) MUST_CHECK;

/* Refuses to move what would then be gone (s3_cp_move.c). */
int s3_cp_move_check(const struct s3_path *from, const struct s3_path *to, bool recursive,
                     bool to_directory, struct err *e) MUST_CHECK;

#endif
