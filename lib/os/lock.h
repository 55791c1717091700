/*
 * flock(2) on a file, held while the descriptor is open, released by the kernel whatever happens.
 * The file's content names the holder for messages: pid, start time, boot id, host. A lock file
 * that was replaced while we waited is noticed (fstat against stat) and taken again.
 */
#ifndef WS_OS_LOCK_H
#define WS_OS_LOCK_H

#include "base/defs.h"
#include "base/err.h"

struct lock {
	int fd; /* -1: not held */
};
#define LOCK_NONE ((struct lock){ -1 })

enum { LOCK_HOLDER_MAX = 256 };

/* Take the lock file `name` (one component, made 0600 when absent) beneath `dirfd`, waiting up
 * to `wait_ms` (0: do not wait, negative: without end). Held by someone else: TRY_AGAIN, naming
 * the holder. A file system that cannot lock: an error, never "go on". */
int lock_take(int dirfd, const char *name, int64_t wait_ms, struct lock *out,
              struct err *e) MUST_CHECK;
/* Whether someone holds it: 1 (holder described in `holder`), 0 (also when absent), -1. */
int lock_probe(int dirfd, const char *name, char holder[LOCK_HOLDER_MAX], struct err *e) MUST_CHECK;
/* Open a regular file for reading and writing (`name`, one component, made with `mode` when absent) that nobody else
 * has open like this, for as long as it is open. Somebody has: TRY_AGAIN. */
int lock_open(int dirfd, const char *name, uint32_t mode, int *fd, struct err *e) MUST_CHECK;
void lock_release(struct lock *l);
/* A lock goes over to a child that was forked: the child says that it is the holder, the parent lets go without unlocking. */
void lock_adopt(const struct lock *l);
void lock_leave(struct lock *l);
#define LOCK_AUTO AUTO(lock_release) struct lock

#endif
