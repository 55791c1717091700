/*
 * The objects that operands of ws-s3 stand for, one after the other: one by its key, those that match * ? [ ], or everything
 * below. One operand that is one object gives its own status; of several things each that fails is named.
 */
#ifndef WS_APPLETS_S3_EACH_H
#define WS_APPLETS_S3_EACH_H

#include "applets/applet.h"
#include "applets/s3_path.h"

struct s3_each_options {
	struct s3_filter filter;
	bool recursive, raw;
};

struct s3_each {
	const struct applet_call *call;
	const struct s3_each_options *options;
	struct s3 *s3;
	/* What is done with an object that was named, and with one that a listing shows (valid during the call). */
	int (*named)(struct s3_each *w, const struct s3_path *object, struct err *e);
	int (*listed)(struct s3_each *w, const struct s3_path *object, struct err *e);
	void (*after)(struct s3_each *w); /* a listing ended; may be NULL */
	uint64_t total, failed;
};

/* Whether the operands go together with the options; before anything is touched. Errors: USAGE. */
int s3_each_check(const struct applet_call *call, const struct s3_each_options *o,
                  const struct s3_config *config, struct err *e) MUST_CHECK;
/* NOT_FOUND for an operand that nothing matches. */
int s3_each_run(struct s3_each *w, struct err *e) MUST_CHECK;

#endif
