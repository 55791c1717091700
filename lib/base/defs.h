/* Attributes and small macros shared by every file. */
#ifndef WS_BASE_DEFS_H
#define WS_BASE_DEFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COUNTOF(a) (sizeof(a) / sizeof((a)[0]))

/* The result must be looked at. */
#define MUST_CHECK __attribute__((warn_unused_result))

/* Argument `fmt` is a printf format whose values start at argument `args`. */
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

/* Run `fn(&variable)` when the variable goes out of scope. */
#define AUTO(fn) __attribute__((cleanup(fn)))

#define UNUSED __attribute__((unused))

#endif
