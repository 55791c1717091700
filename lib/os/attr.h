/* Mode and owner of what we made, through descriptors. */
#ifndef WS_OS_ATTR_H
#define WS_OS_ATTR_H

#include "base/defs.h"
#include "base/err.h"

/* Set the permission bits (07777) of an open file or directory, whatever the umask. `what` names it. */
int attr_set_mode(int fd, uint32_t mode, struct err *e, const char *what) MUST_CHECK;
/* Set the owner of an open file or directory. */
int attr_set_owner(int fd, uint32_t uid, uint32_t gid, struct err *e, const char *what) MUST_CHECK;
/* Set the owner of the directory entry `name` (one component) itself, never of a link's target. */
int attr_set_owner_at(int dirfd, const char *name, uint32_t uid, uint32_t gid,
                      struct err *e) MUST_CHECK;

#endif
