/* Lines at the end of a file that several processes write to. */
#ifndef WS_OS_APPEND_H
#define WS_OS_APPEND_H

#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"

/* Append `line`, which ends in '\n', to the file `name` (one component, made with `mode` when absent, no link
 * followed) in one write with O_APPEND, so that lines of several processes do not mix. A write that the kernel
 * cut short (full disk) is an IO error; the rest of the line is not sent after it. */
int append_line(int dirfd, const char *name, uint32_t mode, struct str line,
                struct err *e) MUST_CHECK;

#endif
