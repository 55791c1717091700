/*
 * <base>/.ws/<id>/start, end and hashes: the list of files that a workspace began with; of those that were there when it was saved
 * and removed; and what ws/artifacts.h knows of them. For telling what a session made of its workspace.
 */
#ifndef WS_WS_START_H
#define WS_WS_START_H

#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "ws/base_dir.h"

enum start_which { START_BEGIN, START_END, START_HASHES };

/* Note what is in the workspace's directory now. When that fails there is no list, rather than an older one. The other two are
 * forgotten. */
int start_note(const struct base_dir *b, const char *id, struct err *e) MUST_CHECK;
/* The text begins with START_HEADER: lists are long, and so are not put together here. */
#define START_HEADER "ws-start 1\n"
int start_write(const struct base_dir *b, const char *id, enum start_which which, struct str text,
                struct err *e) MUST_CHECK;
/* Append the list, as tree_list_diff takes it. NOT_FOUND when there is none. */
int start_read(const struct base_dir *b, const char *id, enum start_which which, struct buf *out,
               struct err *e) MUST_CHECK;

#endif
