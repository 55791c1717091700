/* Lines on stderr. */
#include "os/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/str.h"

enum { NAME_MAX_BYTES = 31, TEXT_MAX = 2048, LINE_MAX_BYTES = 4096, STATUS_MAX = 512 };

/* The one writable global of the house. */
static struct {
	enum log_level level;
	char name[NAME_MAX_BYTES + 1];
	pthread_mutex_t lock;    /* for the terminal and what follows */
	char status[STATUS_MAX]; /* what stands at the bottom of the terminal; "" for nothing */
} log_state = {
	.level = LOG_LEVEL_NORMAL,
	.name = "ws",
	.lock = PTHREAD_MUTEX_INITIALIZER,
};

void log_set_level(enum log_level level)
{
	log_state.level = level;
}

enum log_level log_level(void)
{
	return log_state.level;
}

void log_set_name(const char *name)
{
	snprintf(log_state.name, sizeof(log_state.name), "%s", name);
}

bool log_stderr_is_terminal(void)
{
	return isatty(STDERR_FILENO) == 1;
}

bool log_stdout_is_terminal(void)
{
	return isatty(STDOUT_FILENO) == 1;
}

unsigned log_stderr_width(void)
{
	struct winsize size;
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
		return 80;
	return size.ws_col;
}

/* There is nobody to tell when stderr takes no bytes. */
static void put(const char *p, size_t len)
{
	while (len > 0) {
		ssize_t n = write(STDERR_FILENO, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		p += n;
		len -= (size_t)n;
	}
}

/* Print one whole line, above the progress line if there is one. The lock is held. */
static void put_line(const char *line)
{
	char out[LINE_MAX_BYTES + STATUS_MAX + 16];
	bool standing = log_state.status[0] != '\0';
	int len = snprintf(out, sizeof(out), "%s%s\n%s", standing ? "\r\033[K" : "", line,
	                   log_state.status);
	if (len > 0)
		put(out, (size_t)len < sizeof(out) ? (size_t)len : sizeof(out) - 1);
}

static void log_line(const char *kind, const char *fmt, va_list args) PRINTF_LIKE(2, 0);
static void log_line(const char *kind, const char *fmt, va_list args)
{
	int kept = errno;
	char text[TEXT_MAX];
	char line[LINE_MAX_BYTES];
	vsnprintf(text, sizeof(text), fmt, args);
	int front = snprintf(line, sizeof(line), "%s: %s", log_state.name, kind);
	size_t len = front > 0 ? (size_t)front : 0;
	codec_harmless(str_of(text), line + len, sizeof(line) - len);
	pthread_mutex_lock(&log_state.lock);
	put_line(line);
	pthread_mutex_unlock(&log_state.lock);
	errno = kept;
}

void log_error(const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	log_line("", fmt, args);
	va_end(args);
}

void log_warn(const char *fmt, ...)
{
	if (log_state.level < LOG_LEVEL_NORMAL)
		return;
	va_list args;
	va_start(args, fmt);
	log_line("warning: ", fmt, args);
	va_end(args);
}

void log_info(const char *fmt, ...)
{
	if (log_state.level < LOG_LEVEL_VERBOSE)
		return;
	va_list args;
	va_start(args, fmt);
	log_line("", fmt, args);
	va_end(args);
}

void log_debug(const char *fmt, ...)
{
	if (log_state.level < LOG_LEVEL_DEBUG)
		return;
	va_list args;
	va_start(args, fmt);
	log_line("debug: ", fmt, args);
	va_end(args);
}

void log_err(const struct err *e)
{
	log_error("%s", e->msg);
}

/* Bytes of `text` that fill at most `columns`; a UTF-8 sequence is taken as one column. */
static size_t fitting(const char *text, unsigned columns)
{
	size_t len = 0;
	for (unsigned used = 0; text[len] != '\0'; len++) {
		bool starts = ((unsigned char)text[len] & 0xC0) != 0x80;
		if (starts && used++ == columns)
			break;
	}
	return len;
}

void log_status_line(const char *text)
{
	if (!log_stderr_is_terminal())
		return;
	char quoted[STATUS_MAX];
	char out[STATUS_MAX + 16];
	codec_harmless(str_of(text), quoted, sizeof(quoted));
	/* A full last column would scroll. */
	quoted[fitting(quoted, log_stderr_width() - 1)] = '\0';
	pthread_mutex_lock(&log_state.lock);
	bool nothing = quoted[0] == '\0' && log_state.status[0] == '\0';
	memcpy(log_state.status, quoted, sizeof(quoted));
	int len = snprintf(out, sizeof(out), "\r\033[K%s", quoted);
	if (len > 0 && !nothing)
		put(out, (size_t)len);
	pthread_mutex_unlock(&log_state.lock);
}
