/* Resolving a relative path beneath a descriptor without following anything. For lib/os itself. */
#ifndef WS_OS_DIR_PATH_H
#define WS_OS_DIR_PATH_H

#include "base/err.h"
#include "base/str.h"
#include "os/dir.h"

/* Cut the next component off *rest; "." and empty ones are passed over. Returns whether there
 * was one. */
bool dir_path_next(struct str *rest, struct str *component);
/* Refuse paths with "..", with a component over DIR_NAME_MAX bytes or with over DIR_DEPTH_MAX
 * components. */
int dir_path_check(struct str path, struct err *e) MUST_CHECK;
/* Refuse what is not one component. */
int dir_path_check_name(const char *name, struct err *e) MUST_CHECK;
/* Split a checked path at its last component, which goes to *name (empty when there is none). */
void dir_path_split(struct str path, struct str *parent, struct str *name);

/* Open what a checked path names, with `flags` (O_NOFOLLOW and O_CLOEXEC are added; no O_CREAT). No
 * components: `dirfd` itself. A descriptor, or -1 and errno: ELOOP for a link in any position. */
int dir_path_open(int dirfd, struct str path, int flags) MUST_CHECK;
/* The directory, making what is missing. */
int dir_path_make(int dirfd, struct str path, uint32_t mode) MUST_CHECK;

/* The error of a path below a descriptor, from errno: a link or a file in place of a directory
 * is DATA. */
int dir_path_fail(struct err *e, const char *verb, const char *path);

#endif
