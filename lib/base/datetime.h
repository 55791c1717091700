/* UTC only, proleptic Gregorian, no leap seconds. Seconds or milliseconds since 1970. */
#ifndef WS_BASE_DATETIME_H
#define WS_BASE_DATETIME_H

#include "base/defs.h"
#include "base/str.h"

enum { DATETIME_TEXT_MAX = 40 };

/* 20130524T000000Z (ISO 8601 basic, as SigV4 wants). Returns out. */
char *datetime_basic(int64_t seconds, char out[DATETIME_TEXT_MAX]);
/* 2013-05-24T00:00:00.123Z. Returns out. */
char *datetime_iso_ms(int64_t ms, char out[DATETIME_TEXT_MAX]);
/* Fri, 24 May 2013 00:00:00 GMT (IMF-fixdate, RFC 9110 section 5.6.7). Returns out. */
char *datetime_imf(int64_t seconds, char out[DATETIME_TEXT_MAX]);

/* 2013-05-24T00:00:00[.fff…](Z|+hh:mm). */
int datetime_parse_iso(struct str s, int64_t *ms) MUST_CHECK;
int datetime_parse_basic(struct str s, int64_t *seconds) MUST_CHECK;
int datetime_parse_imf(struct str s, int64_t *seconds) MUST_CHECK;

#endif
