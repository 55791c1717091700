/* Two sides, each an archive, a directory, a snapshot or a backup, compared and shown: for diff and for verify --against. */
#ifndef WS_APPLETS_PACK_COMPARE_H
#define WS_APPLETS_PACK_COMPARE_H

#include "applets/applet.h"
#include "applets/pack_side.h"
#include "pack/diff.h"
#include "s3/s3.h"

/* What both verbs can be told. */
struct pack_compare_options {
	struct opt_list exclude;
	struct opt_list parts; /* of backups */
	bool stat, unified;
};

struct pack_compare {
	const struct applet_call *call;
	const struct s3_config *s3;
	const struct pack_compare_options *options;
	bool read_all; /* of the first side, which is an archive then */
	const struct limits *limits;
	unsigned jobs;
	struct sorter_file *file; /* for long lists; opened before the sandbox is */
};

struct pack_compare_sums {
	size_t total;
	uint64_t count[DIFF_RENAMED + 1];
	uint64_t added_bytes, removed_bytes;
};

/* Compare two sides that are open, print what is different (but for the sums of --stat) with `below` in front of each path. */
int pack_compare_pair(const struct pack_compare *how, const struct pack_side *before,
                      const struct pack_side *after, const char *below,
                      struct pack_compare_sums *sums, struct err *e) MUST_CHECK;

/* Compare the operands `before` and `after` (NULL: what a backup was made of) and print what is different: *differences is
 * how many. */
int pack_compare_show(const struct pack_compare *how, const char *before, const char *after,
                      size_t *differences, struct err *e) MUST_CHECK;

#endif
