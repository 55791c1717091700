/* Whether a workspace has work that is nowhere else. */
#ifndef WS_APPLETS_LS_DIRTY_H
#define WS_APPLETS_LS_DIRTY_H

#include "data/js.h"
#include "gc/gc_look.h"

/* 1, 0, or -1: can't be told. */
int ls_dirty(const struct gc_look *l, const struct base_dir *b);
/* "yes", "no", "?". */
const char *ls_dirty_text(int dirty);
/* Set "dirty": true, false, or null. */
void ls_dirty_json(struct js *line, const struct gc_look *l, const struct base_dir *b);

#endif
