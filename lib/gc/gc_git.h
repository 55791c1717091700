/* What git knows of the work in a workspace: one whose work is nowhere else is not taken. */
#ifndef WS_GC_GC_GIT_H
#define WS_GC_GC_GIT_H

#include "gc/gc_internal.h"

/* Whether it is one of the reasons below. */
bool gc_git_refuses(enum gc_reason reason);
/* Look at every repository in the directory <base>/<id>, at any depth: the first reason to keep it, with item->detail
 * saying which and why, or GC_REASON_IDLE. What can't be told is a reason. With --force-dirty, and of what `is_archived`, its
 * own work is none, but that others live on it is. */
enum gc_reason gc_git_look(const struct gc *g, struct gc_item *item, bool is_archived);
/* A workspace that went for good: when it was a worktree its repository forgets it, and its branch is free. Told when that
 * fails: the next setup of it, or of its branch, does it again. */
void gc_git_forget(const struct gc *g, const char *id);

/* ---- gc_git_entries.c: worktrees of workspaces that are no more ---- */

/* Add an item for each worktree that a repository of this base's records has registered for a workspace whose directory is
 * nowhere any more. */
int gc_git_entries_plan(const struct gc *g, struct gc_plan *plan, struct err *e) MUST_CHECK;
/* Forget one; a head that nothing else has is kept first. */
int gc_git_entries_forget(const struct gc *g, struct gc_item *item, struct gc_done *done,
                          struct err *e) MUST_CHECK;

#endif
