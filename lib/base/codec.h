/* Hex, base64 (RFC 4648) and percent-encoding (RFC 3986 section 2.1, in the variant that SigV4
 * signs). */
#ifndef WS_BASE_CODEC_H
#define WS_BASE_CODEC_H

#include "base/buf.h"
#include "base/defs.h"
#include "base/str.h"

/* Lower-case hex of `len` bytes into `out`, which has room for 2*len+1. Returns out. */
char *codec_hex(const void *p, size_t len, char *out);
/* Exactly 2*len hex digits into `out`. */
int codec_unhex(struct str s, void *out, size_t len) MUST_CHECK;

/* Padded base64. */
void codec_base64(const void *p, size_t len, struct buf *out);
/* Padded, strict. Errors: -1. */
int codec_unbase64(struct str s, struct buf *out) MUST_CHECK;

/* Percent-encode all but A-Za-z0-9-._~ with upper-case digits; '/' is kept when keep_slash. */
void codec_percent(struct str s, bool keep_slash, struct buf *out);
/* Decode %XX; a '+' becomes a space when plus_is_space. A broken escape is an error (-1). */
int codec_unpercent(struct str s, bool plus_is_space, struct buf *out) MUST_CHECK;

/* Append `s` so that a terminal shows it harmlessly: control bytes, bidi controls, invalid UTF-8
 * and backslash as C escapes (\n, \x1b, \\); all else as it is. */
void codec_quote(struct str s, struct buf *out);
/* The same, cut to fit `out`; returns out. For messages. */
char *codec_quoted(struct str s, char *out, size_t cap);
/* The same, but a backslash stays as it is: for lines in which names may have been quoted already. */
char *codec_harmless(struct str s, char *out, size_t cap);

#endif
