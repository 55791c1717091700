/* A workspace that is backed up or restored as a whole is locked like one that is set up. */
#ifndef WS_WS_BACKUP_LOCK_H
#define WS_WS_BACKUP_LOCK_H

#include "base/defs.h"
#include "base/err.h"
#include "os/lock.h"

/* When the directory `path` is a workspace, take its lock. Anything else, and what is not there, needs none. Somebody is at
 * work there: TRY_AGAIN, naming the holder; a record of somebody else's: DENIED. */
int backup_lock_take(const char *path, struct lock *out, struct err *e) MUST_CHECK;

#endif
