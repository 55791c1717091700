/* ws-s3 cp, put and get: move objects between files, standard input and output, and S3. */
#ifndef WS_APPLETS_S3_CP_H
#define WS_APPLETS_S3_CP_H

#include "applets/applet.h"
#include "applets/s3_headers.h"
#include "applets/s3_job.h"
#include "applets/s3_path.h"
#include "os/stopper.h"

struct s3_cp_options {
	struct s3_config s3;
	struct s3_filter filter;
	bool recursive, dry_run, raw, if_none_match, resume;
	const char *if_match;
	struct s3_headers headers;
};

/* One call. */
struct s3_cp {
	const struct s3_cp_options *options;
	struct s3_put put;
	struct s3_headers_list headers;
	struct s3_job_queue queue;
	const char *const *sources;
	size_t source_count;
	struct s3_path to;
	struct stopper *stopper;
};

extern const struct applet s3_cp_applet;
extern const struct applet s3_cp_mv_applet;
extern const struct applet s3_cp_get_applet;
extern const struct applet s3_cp_put_applet;

/* What cannot go together is said before anything is touched (s3_cp_check.c). */
int s3_cp_check(const struct s3_cp *c, struct err *e) MUST_CHECK;
/* Whether a target is a directory: says so with a '/', or is one. */
bool s3_cp_is_directory(const struct s3_path *to);

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
