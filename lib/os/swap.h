/* Two names change places in one step. */
#ifndef WS_OS_SWAP_H
#define WS_OS_SWAP_H

#include "base/defs.h"
#include "base/err.h"

/* Exchange what two names (single components, both there, on one file system) stand for. 1 done, 0 this kernel or file
 * system can't, -1. */
int swap_names(int a_dir, const char *a, int b_dir, const char *b, struct err *e) MUST_CHECK;

#endif
