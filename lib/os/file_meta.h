/* Metadata as the kernel gives it: -1 and errno, no message. For lib/os itself. */
#ifndef WS_OS_FILE_META_H
#define WS_OS_FILE_META_H

#include "os/file.h"

/* Of an open descriptor (O_PATH too). */
int file_meta_fd(int fd, struct file_stat *out) MUST_CHECK;
/* Of the directory entry `name` (one component) itself, never of a link's target. */
int file_meta_at(int dirfd, const char *name, struct file_stat *out) MUST_CHECK;
/* Whether both are one file. */
bool file_meta_same(const struct file_stat *a, const struct file_stat *b);
/* Whether `s` is on another mount or device than `dir`, its directory. */
bool file_meta_crosses(const struct file_stat *dir, const struct file_stat *s);

#endif
