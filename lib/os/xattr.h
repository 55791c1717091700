/* Extended attributes of open files, of the namespace that belongs to users ("user."). */
#ifndef WS_OS_XATTR_H
#define WS_OS_XATTR_H

#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"

/* Append the names that start with "user.", each with its terminator. None on a file system without them. */
int xattr_names(int fd, struct buf *out, struct err *e, const char *what) MUST_CHECK;
/* Append the value of `name`. NOT_FOUND when it is gone. */
int xattr_value(int fd, const char *name, struct buf *out, struct err *e,
                const char *what) MUST_CHECK;
int xattr_set(int fd, const char *name, const void *value, size_t len, struct err *e,
              const char *what) MUST_CHECK;

#endif
