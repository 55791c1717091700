/* --limit, for every verb that reads archives. */
#ifndef WS_APPLETS_PACK_LIMITS_H
#define WS_APPLETS_PACK_LIMITS_H

#include "cli/opt.h"
#include "pack/limits.h"

struct pack_limits {
	struct opt_list settings;
};

enum { PACK_LIMITS_COUNT = 1 };
extern const struct opt_row pack_limits_rows[PACK_LIMITS_COUNT];

/* A group over the struct pack_limits at `offset` of the applet's options. */
#define PACK_LIMITS_GROUP(offset)                                 \
	{                                                         \
		NULL, pack_limits_rows, PACK_LIMITS_COUNT, offset \
	}

/* The defaults with what was set. Errors: USAGE. */
int pack_limits_get(const struct pack_limits *p, struct limits *out, struct err *e) MUST_CHECK;

#endif
