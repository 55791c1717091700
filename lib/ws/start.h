/* <base>/.ws/<id>/start: the list of files that a workspace began with, for telling what a session made of it. */
#ifndef WS_WS_START_H
#define WS_WS_START_H

#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "ws/base_dir.h"

/* Note what is in the workspace's directory now. When that fails there is no list, rather than an older one. */
int start_note(const struct base_dir *b, const char *id, struct err *e) MUST_CHECK;
/* Append the list, as tree_list_diff takes it. NOT_FOUND when there is none. */
int start_read(const struct base_dir *b, const char *id, struct buf *out, struct err *e) MUST_CHECK;

#endif
