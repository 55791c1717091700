/* ws-archive diff -u: the difference as a patch, in git's form, which patch(1) and git apply take. */
#ifndef WS_APPLETS_PACK_PATCH_H
#define WS_APPLETS_PACK_PATCH_H

#include "pack/diff.h"

/* Print it. `below` is put in front of every path ("" or "part/"). */
int pack_patch_show(struct inventory *before, struct inventory *after, const struct diff_list *list,
                    const char *below, struct err *e) MUST_CHECK;

#endif
