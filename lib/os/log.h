/* Lines on stderr for humans: `ws-s3: warning: …`. The state here is the program's one writable
 * global. */
#ifndef WS_OS_LOG_H
#define WS_OS_LOG_H

#include "base/defs.h"
#include "base/err.h"

enum log_level { LOG_LEVEL_QUIET, LOG_LEVEL_NORMAL, LOG_LEVEL_VERBOSE, LOG_LEVEL_DEBUG };

/* Set once in main, before any thread starts. */
void log_set_level(enum log_level level);
enum log_level log_level(void);
/* Name in front of each line ("ws-s3"): the applet's, set with the level. At most 31 bytes are
 * kept. */
void log_set_name(const char *name);

/* One line each, written in one write(2); control bytes in the result are escaped. error: always;
 * warn: unless quiet; info: verbose; debug: debug. */
void log_error(const char *fmt, ...) PRINTF_LIKE(1, 2);
void log_warn(const char *fmt, ...) PRINTF_LIKE(1, 2);
void log_info(const char *fmt, ...) PRINTF_LIKE(1, 2);
void log_debug(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* "name: message" of an error. */
void log_err(const struct err *e);

/* Whether stderr (progress) or stdout is a terminal. */
bool log_stderr_is_terminal(void);
bool log_stdout_is_terminal(void);
/* Columns of the terminal at stderr; 80 when it does not say. */
unsigned log_stderr_width(void);
/* Rewrite the progress line at the bottom of the terminal (cut to its width); "" removes it. Log
 * lines that come while it stands are printed above it. Thread-safe. */
void log_status_line(const char *text);

#endif
