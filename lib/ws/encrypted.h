/*
 * Whether what is written to a directory is encrypted before it is on a disk: by dm-crypt (LUKS) below its file system, or by the
 * file system itself (fscrypt, eCryptfs and its like in user space). It is looked at and told, never changed.
 */
#ifndef WS_WS_ENCRYPTED_H
#define WS_WS_ENCRYPTED_H

#include "os/block.h"
#include "os/file.h"
#include "os/mounts.h"

/* What the mount and the directory on it say; `sysfs` as in os/block.h. Reads nothing but sysfs. */
enum block_crypt encrypted_judge(const char *sysfs, const struct mount *m,
                                 const struct file_stat *dir);
/* Look at an absolute path that is there. Never fails: what could not be told is unknown. */
enum block_crypt encrypted_look(const char *path);

#endif
