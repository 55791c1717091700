/* Matching of one path against one pattern of .gitignore. For exclude. */
#ifndef WS_PACK_WILD_H
#define WS_PACK_WILD_H

#include "base/defs.h"
#include "base/str.h"

/* Whether `pattern` matches all of `text`. '*', '?' and '[]' stop at '/'; "**" between slashes or ends spans
 * directories; a backslash takes the next byte as it is. Time is at most the product of the lengths, twice. */
bool wild_match(struct str pattern, struct str text);
/* Whether every '[' has its ']', every [:class:] in it is known, and no backslash is last. */
bool wild_valid(struct str pattern);

#endif
