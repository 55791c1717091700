/*
 * The option rows of an S3 connection, shared by every applet that can reach a store: a group over a
 * struct s3_config that lies somewhere in the applet's own options.
 *
 *	static const struct opt_group groups[] = {
 *		OPT_GROUP(NULL, rows, 0),
 *		S3_OPTIONS_GROUP(offsetof(struct ls_options, s3)),
 *		OPT_GROUPS_END,
 *	};
 */
#ifndef WS_APPLETS_S3_OPTIONS_H
#define WS_APPLETS_S3_OPTIONS_H

#include "cli/opt.h"
#include "s3/s3.h"

enum { S3_OPTIONS_COUNT = 17 };

extern const struct opt_row s3_options_rows[S3_OPTIONS_COUNT];

/* A group over the struct s3_config at `offset` of the applet's options. */
#define S3_OPTIONS_GROUP(offset)                                           \
	{                                                                  \
		"S3 connection", s3_options_rows, S3_OPTIONS_COUNT, offset \
	}

#endif
