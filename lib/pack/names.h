/* Paths of archive entries: made safe, compared, shown. For lib/pack itself. */
#ifndef WS_PACK_NAMES_H
#define WS_PACK_NAMES_H

#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"
#include "pack/limits.h"

enum { NAMES_SHOWN = 400 };

/* A path for a message: quoted, cut. */
struct names_shown {
	char text[NAMES_SHOWN];
};
struct names_shown names_show(struct str path);

/* Replace the content of `out` by `path` without "." and empty components and without its first `strip`
 * components; the root gives "". 1, or 0 when nothing is left of a path that is not the root.
 * Errors: DATA for "..", a leading '/', a NUL, a component over 255 bytes, and the limits on length and depth. */
int names_clean(struct str path, unsigned strip, const struct limits *limits, struct buf *out,
                struct err *e) MUST_CHECK;

/* The order of a walk: component by component, so that a directory's content follows it at once. */
int names_cmp(struct str a, struct str b);

/* Whether `path` is `top` or below it. */
bool names_within(struct str path, struct str top);

/* Split a clean path: what is before the last '/' ("" when there is none) and what is behind it. */
struct str names_parent(struct str path);
struct str names_last(struct str path);

#endif
