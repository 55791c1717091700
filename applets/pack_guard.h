/* Before bytes of an archive are parsed: what this process will not be able to do any more, whatever they make of it. */
#ifndef WS_APPLETS_PACK_GUARD_H
#define WS_APPLETS_PACK_GUARD_H

#include "base/defs.h"
#include "base/err.h"

/* From here on nothing is written but beneath `writable` (-1: nowhere), and, when none of the `count` operands is in a
 * store on the network, no connection is made and no program run. A kernel that cannot see to that is named with -v. */
int pack_guard(const char *const *operands, size_t count, int writable, struct err *e) MUST_CHECK;

#endif
