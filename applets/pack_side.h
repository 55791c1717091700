/* One side of a comparison: an archive, a live directory, a snapshot, or what has nothing in it. */
#ifndef WS_APPLETS_PACK_SIDE_H
#define WS_APPLETS_PACK_SIDE_H

#include "base/err.h"
#include "pack/inventory.h"
#include "s3/s3.h"

struct pack_side {
	int dir; /* -1: it is no directory */
	struct source *source;
	struct inventory *held;
};
#define PACK_SIDE_NONE ((struct pack_side){ .dir = -1 })

/* Open what the user named. With how->read_all it is an archive, and all of it is checked. */
int pack_side_open(const char *operand, const struct s3_config *s3,
                   const struct inventory_options *how, struct pack_side *out,
                   struct err *e) MUST_CHECK;
void pack_side_close(struct pack_side *s);
#define PACK_SIDE_AUTO AUTO(pack_side_close) struct pack_side

#endif
