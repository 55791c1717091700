/*
 * Which paths stay out. Patterns as in .gitignore: '#' comment, '!' includes again, a trailing '/' means
 * directories only, a '/' elsewhere anchors at the root, '*' '?' '[]' stop at '/', '**' does not. The last
 * match decides. Once a directory is out nothing below it can come back.
 */
#ifndef WS_PACK_EXCLUDE_H
#define WS_PACK_EXCLUDE_H

#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"

struct exclude; /* an ordered list of patterns */

struct exclude *exclude_new(void);
void exclude_free(struct exclude *x);
void exclude_free_auto(struct exclude **x);
#define EXCLUDE_AUTO AUTO(exclude_free_auto) struct exclude *

/* Add one pattern (a leading '#' is no comment here), or the lines of a file's text. Errors: USAGE, naming the pattern,
 * for one that is empty, over 4,096 bytes or has a '[' without its ']'. */
int exclude_add(struct exclude *x, struct str pattern, struct err *e) MUST_CHECK;
int exclude_add_lines(struct exclude *x, struct str text, struct err *e) MUST_CHECK;
/* Add a path as it is, without any meaning of its bytes: exactly this path and all below it. */
void exclude_add_literal(struct exclude *x, struct str path);
/* Whether `path` (relative, no leading "./"), or a directory above it, is out. NULL `x` excludes nothing. */
bool exclude_match(const struct exclude *x, struct str path, bool is_dir);
/* The same for a path whose parents are known to be in, as in a walk. */
bool exclude_match_below(const struct exclude *x, struct str path, bool is_dir);
/* The same, and whether anything was said: 1 out, -1 in by a '!', 0 no pattern matches. */
int exclude_word(const struct exclude *x, struct str path, bool is_dir);

#endif
