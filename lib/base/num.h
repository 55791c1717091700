/* Strict parsing and friendly printing of counts, sizes and durations. No sign, no space, no
 * overflow. */
#ifndef WS_BASE_NUM_H
#define WS_BASE_NUM_H

#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"

/* Decimal digits only. Errors: USAGE naming the text. */
int num_parse_u64(struct str s, uint64_t *out, struct err *e) MUST_CHECK;
/* Digits of `base` 8, 10 or 16 only; for file formats. Returns -1 without a message. */
int num_parse_digits(struct str s, unsigned base, uint64_t *out) MUST_CHECK;
/* "10", "10K", "1.5GiB", "200G", "64MB": K M G T P are powers of 1024, as are KiB…; KB MB… are
 * powers of 1000; in either case. A fraction has at most nine digits and needs a unit. In bytes,
 * rounded down. */
int num_parse_size(struct str s, uint64_t *bytes, struct err *e) MUST_CHECK;
/* "90s", "15m", "12h", "7d", "500ms", "2w", "0"; a number needs a unit unless it is 0. In
 * milliseconds. */
int num_parse_duration(struct str s, int64_t *ms, struct err *e) MUST_CHECK;
/* "0755" or "755": octal, at most 07777. */
int num_parse_mode(struct str s, uint32_t *mode, struct err *e) MUST_CHECK;

enum { NUM_TEXT_MAX = 32 };
/* "512 B", "1.5 MiB". Returns out. */
char *num_format_size(uint64_t bytes, char out[NUM_TEXT_MAX]);
/* "850 ms", "12.3 s", "4 m 10 s", "3 h 2 m", "6 d 4 h". Returns out. */
char *num_format_duration(int64_t ms, char out[NUM_TEXT_MAX]);

#endif
