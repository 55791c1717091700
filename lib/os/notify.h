/* inotify, as a hint that something below some directories changed. What changed is found by looking. */
#ifndef WS_OS_NOTIFY_H
#define WS_OS_NOTIFY_H

#include "base/defs.h"
#include "base/err.h"

/* A descriptor that is readable when something changed. */
int notify_open(int *fd, struct err *e) MUST_CHECK;
/* Watch the directory `name` ("" for `dirfd` itself) of `dirfd` too; again is fine. It is reached through /proc, by its
 * descriptor: no link is followed. Errors: the user's limit of watches, no /proc. */
int notify_add(int fd, int dirfd, const char *name, struct err *e) MUST_CHECK;
/* Forget what was reported so far: call it before looking. */
void notify_drain(int fd);

#endif
