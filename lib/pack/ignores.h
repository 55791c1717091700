/*
 * The .gitignore files of a tree while it is walked: those of a directory hold for what is below it, the nearest one
 * goes before those above, .git/info/exclude comes last (gitignore(5)). What git tracks is not known here. For the
 * writer.
 */
#ifndef WS_PACK_IGNORES_H
#define WS_PACK_IGNORES_H

#include "base/defs.h"
#include "base/str.h"

struct ignores;

struct ignores *ignores_new(void);
void ignores_free(struct ignores *g);
/* The walk enters the directory `path` (clean, "" for the root), open as `fd`: read its files. Those of directories that
 * `path` does not lie in are forgotten. What cannot be read says nothing. */
void ignores_enter(struct ignores *g, struct str path, int fd);
/* Whether the nearest word on `path`, whose parents are in, leaves it out. NULL `g`: no. */
bool ignores_match(const struct ignores *g, struct str path, bool is_dir);

#endif
