/* Two sides, each an archive or a directory, compared and shown: for diff and for verify --against. */
#ifndef WS_APPLETS_PACK_COMPARE_H
#define WS_APPLETS_PACK_COMPARE_H

#include "applets/applet.h"
#include "pack/diff.h"
#include "s3/s3.h"

/* What both verbs can be told. */
struct pack_compare_options {
	struct opt_list exclude;
	bool stat;
};

struct pack_compare {
	const struct applet_call *call;
	const struct s3_config *s3;
	const struct pack_compare_options *options;
	bool read_all; /* of the first side, which is an archive then */
	const struct limits *limits;
	unsigned jobs;
};

/* Compare the operands `before` and `after` and print what is different: *differences is how many. */
int pack_compare_show(const struct pack_compare *how, const char *before, const char *after,
                      size_t *differences, struct err *e) MUST_CHECK;

#endif
