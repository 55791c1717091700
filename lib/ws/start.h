/*
 * <base>/.ws/<id>/start and end: the list of files that a workspace began with, and of those that were there when it was saved
 * and removed: for telling what a session made of it.
 */
#ifndef WS_WS_START_H
#define WS_WS_START_H

#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "ws/base_dir.h"

enum start_which { START_BEGIN, START_END };

/* Note what is in the workspace's directory `id` of `parent` now. When that fails there is no list, rather than an older one.
 * A new beginning forgets the end. */
int start_note(const struct base_dir *b, int parent, const char *id, enum start_which which,
               struct err *e) MUST_CHECK;
/* Append the list, as tree_list_diff takes it. NOT_FOUND when there is none. */
int start_read(const struct base_dir *b, const char *id, enum start_which which, struct buf *out,
               struct err *e) MUST_CHECK;

#endif
