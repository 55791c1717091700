/* The error record. */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Step back from `len` when it points into the middle of a UTF-8 sequence, so that a cut message
 * never ends in half a character. */
static size_t whole_characters(const char *text, size_t len)
{
	size_t back = 0;
	while (back < 3 && back < len && ((unsigned char)text[len - back] & 0xC0) == 0x80)
		back++;
	return ((unsigned char)text[len - back] & 0xC0) == 0xC0 ? len - back : len;
}

/* Format into `out`; returns the length after cutting. */
static size_t format_cut(char *out, size_t cap, const char *fmt, va_list args) PRINTF_LIKE(3, 0);
static size_t format_cut(char *out, size_t cap, const char *fmt, va_list args)
{
	/* One more byte than fits is kept, because it tells whether the cut splits a character. */
	char full[ERR_MSG_MAX + 1] = "";
	int wanted = vsnprintf(full, sizeof(full), fmt, args);
	size_t len = wanted < 0 ? 0 : strlen(full);
	if (len >= cap)
		len = whole_characters(full, cap - 1);
	memcpy(out, full, len);
	out[len] = '\0';
	return len;
}

int err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
{
	if (err_is(e))
		return -1;
	va_list args;
	va_start(args, fmt);
	format_cut(e->msg, sizeof(e->msg), fmt, args);
	va_end(args);
	e->kind = kind;
	return -1;
}

static const struct errno_row {
	int number;
	enum err_kind kind;
	bool retryable;
} errno_rows[] = {
	{ ENOENT, ERR_KIND_NOT_FOUND, false },
	{ EACCES, ERR_KIND_DENIED, false },
	{ EPERM, ERR_KIND_DENIED, false },
	{ EROFS, ERR_KIND_DENIED, false },
	{ EEXIST, ERR_KIND_CONFLICT, false },
	{ ENOTEMPTY, ERR_KIND_CONFLICT, false },
	{ EAGAIN, ERR_KIND_TRY_AGAIN, true },
	{ EINTR, ERR_KIND_TRY_AGAIN, true },
	{ ETIMEDOUT, ERR_KIND_TRY_AGAIN, true },
	{ ECONNRESET, ERR_KIND_TRY_AGAIN, true },
	{ ECONNABORTED, ERR_KIND_TRY_AGAIN, true },
	{ EPIPE, ERR_KIND_IO, true },
	{ EHOSTUNREACH, ERR_KIND_TRY_AGAIN, true },
	{ ENETUNREACH, ERR_KIND_TRY_AGAIN, true },
	{ ENETDOWN, ERR_KIND_TRY_AGAIN, true },
	{ ENETRESET, ERR_KIND_TRY_AGAIN, true },
	{ ECONNREFUSED, ERR_KIND_UNAVAILABLE, true },
};

static struct errno_row classify(int number)
{
	for (size_t i = 0; i < COUNTOF(errno_rows); i++) {
		if (errno_rows[i].number == number)
			return errno_rows[i];
	}
	return (struct errno_row){ number, ERR_KIND_IO, false };
}

int err_sys(struct err *e, const char *fmt, ...)
{
	int number = errno;
	if (err_is(e))
		return -1;
	va_list args;
	va_start(args, fmt);
	size_t len = format_cut(e->msg, sizeof(e->msg), fmt, args);
	va_end(args);
	struct errno_row row = classify(number);
	e->kind = row.kind;
	e->sys_errno = number;
	e->retryable = row.retryable;
	const char *reason = strerror(number);
	if (len + 2 + strlen(reason) < sizeof(e->msg))
		snprintf(e->msg + len, sizeof(e->msg) - len, ": %s", reason);
	errno = number;
	return -1;
}

int err_context(struct err *e, const char *fmt, ...)
{
	if (!err_is(e))
		return -1;
	char front[ERR_MSG_MAX];
	va_list args;
	va_start(args, fmt);
	/* A third of the room at least stays for what went wrong. */
	size_t len = format_cut(front, sizeof(front) * 2 / 3, fmt, args);
	va_end(args);
	memcpy(front + len, ": ", 2);
	len += 2;
	size_t old = strlen(e->msg);
	size_t room = sizeof(e->msg) - 1 - len;
	size_t keep = old <= room ? old : whole_characters(e->msg, room);
	memmove(e->msg + len, e->msg, keep);
	memcpy(e->msg, front, len);
	e->msg[len + keep] = '\0';
	return -1;
}

int err_code(struct err *e, const char *code)
{
	snprintf(e->code, sizeof(e->code), "%s", code);
	return -1;
}

bool err_is(const struct err *e)
{
	return e->kind != ERR_KIND_NONE;
}

void err_clear(struct err *e)
{
	*e = ERR_INIT;
}

int err_exit_status(const struct err *e)
{
	return (int)e->kind;
}

const char *err_kind_name(enum err_kind kind)
{
	switch (kind) {
	case ERR_KIND_NONE:
		return "none";
	case ERR_KIND_FAILED:
		return "failed";
	case ERR_KIND_USAGE:
		return "usage";
	case ERR_KIND_DATA:
		return "data";
	case ERR_KIND_NOT_FOUND:
		return "not_found";
	case ERR_KIND_UNAVAILABLE:
		return "unavailable";
	case ERR_KIND_BUG:
		return "bug";
	case ERR_KIND_CONFLICT:
		return "conflict";
	case ERR_KIND_IO:
		return "io";
	case ERR_KIND_TRY_AGAIN:
		return "try_again";
	case ERR_KIND_DENIED:
		return "denied";
	case ERR_KIND_CONFIG:
		return "config";
	}
	return "unknown";
}
