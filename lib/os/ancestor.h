/* Where an open directory lies, told by descriptors: no path is compared, so no link and no rename can fool it. */
#ifndef WS_OS_ANCESTOR_H
#define WS_OS_ANCESTOR_H

#include "base/defs.h"
#include "base/err.h"

/* Whether the directory `fd` is `top` or lies below it: 1, 0, -1. Both may be O_PATH descriptors. */
int ancestor_is(int fd, int top, struct err *e) MUST_CHECK;

#endif
