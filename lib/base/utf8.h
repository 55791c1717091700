/* UTF-8 (RFC 3629): shortest forms only, no surrogates, at most U+10FFFF. */
#ifndef WS_BASE_UTF8_H
#define WS_BASE_UTF8_H

#include "base/defs.h"
#include "base/str.h"

/* The code point that `s` starts with goes to *code_point (may be NULL). Returns its length in
 * bytes, or 0 when `s` is empty or starts with bytes that are not UTF-8. */
size_t utf8_next(struct str s, uint32_t *code_point);

/* Whether all of `s` is UTF-8. The empty view is. */
bool utf8_valid(struct str s);

/* The number of code points; a byte that belongs to none counts as one. */
size_t utf8_count(struct str s);

#endif
