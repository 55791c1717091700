/*
 * Project quotas of XFS and ext4: a directory tree carries a project's number, and the kernel knows what a project holds.
 * Who gives the numbers and the kernel's own limits is the administrator (xfs_quota, chattr -p with +P).
 */
#ifndef WS_OS_PROJECT_H
#define WS_OS_PROJECT_H

#include "base/defs.h"
#include "base/err.h"

/* The project of an open directory that hands it on to what is made in it; 0: none, or a file system without any. */
uint32_t project_of(int fd);
/* What project `id` holds on the file system of `fd`, as the kernel counts it (quotactl_fd, Linux 5.14). Errors: DENIED
 * without CAP_SYS_ADMIN, UNAVAILABLE where this kernel or this mount has no project quota. */
int project_bytes(int fd, uint32_t id, uint64_t *bytes, struct err *e) MUST_CHECK;

#endif
