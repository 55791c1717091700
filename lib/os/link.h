/* Symbolic links that we make: for the applets' names. */
#ifndef WS_OS_LINK_H
#define WS_OS_LINK_H

#include "base/defs.h"
#include "base/err.h"

/* Make the symlink `name` (one component) in `dirfd`, replacing one that is there; anything else in its place is
 * a CONFLICT. */
int link_replace(int dirfd, const char *name, const char *target, struct err *e) MUST_CHECK;
/* The absolute path of the running program; mem_free. Errors: NOT_FOUND without /proc. */
int link_own_program(char **path, struct err *e) MUST_CHECK;

#endif
