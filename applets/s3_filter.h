/* --include and --exclude: which of many names are meant. */
#ifndef WS_APPLETS_S3_FILTER_H
#define WS_APPLETS_S3_FILTER_H

#include "base/err.h"
#include "base/str.h"
#include "cli/opt.h"

struct s3_filter {
	struct opt_list include, exclude;
};

enum { S3_FILTER_ROWS = 2 };
extern const struct opt_row s3_filter_rows[S3_FILTER_ROWS];

/* A group over the struct s3_filter at `offset` of the applet's options. */
#define S3_FILTER_GROUP(offset)                                     \
	{                                                           \
		"Selection", s3_filter_rows, S3_FILTER_ROWS, offset \
	}

/* Errors: USAGE for patterns that leave nothing. */
int s3_filter_check(const struct s3_filter *f, struct err *e) MUST_CHECK;
/* Whether `name`, relative to what was named by the user, is meant. NULL takes everything. */
bool s3_filter_takes(const struct s3_filter *f, struct str name);

#endif
