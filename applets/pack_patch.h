/* What is different as a unified diff, for patch and git apply. */
#ifndef WS_APPLETS_PACK_PATCH_H
#define WS_APPLETS_PACK_PATCH_H

#include "pack/diff.h"

struct pack_patch; /* opaque */

/* Of these two, `below` in front of each path; all stay the caller's. */
struct pack_patch *pack_patch_begin(struct inventory *before, struct inventory *after,
                                    const char *below);
/* The next change. It may be printed later. */
int pack_patch_add(struct pack_patch *p, const struct diff_change *change,
                   struct err *e) MUST_CHECK;
int pack_patch_end(struct pack_patch *p, struct err *e) MUST_CHECK;
/* NULL is fine. */
void pack_patch_free(struct pack_patch *p);

#endif
