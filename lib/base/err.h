/*
 * What went wrong, as a value. The record is the caller's; a function that can fail takes a
 * `struct err *` last and returns 0 or -1. The first error wins: setting an error over an error
 * changes nothing. Each level puts what it was doing in front, so that the message reads
 * `put s3://b/k: upload part 7: read: Connection reset by peer`.
 */
#ifndef WS_BASE_ERR_H
#define WS_BASE_ERR_H

#include "base/defs.h"

/* What kind of failure it is. The value is the exit status (sysexits names, DESIGN section 7). */
enum err_kind {
	ERR_KIND_NONE = 0,
	ERR_KIND_FAILED = 1,     /* some items failed; each was named */
	ERR_KIND_USAGE = 64,     /* wrong command line */
	ERR_KIND_DATA = 65,      /* corrupt or hostile archive, wrong checksum, malformed answer */
	ERR_KIND_NOT_FOUND = 66, /* the thing named does not exist */
	ERR_KIND_UNAVAILABLE = 69, /* refused or down, trying again will not help */
	ERR_KIND_BUG = 70,         /* a bug in ws */
	ERR_KIND_CONFLICT = 73,    /* exists already, precondition failed */
	ERR_KIND_IO = 74,          /* input or output error, disk full */
	ERR_KIND_TRY_AGAIN = 75,   /* busy, throttled, timed out, spooled */
	ERR_KIND_DENIED = 77,      /* permission or credentials */
	ERR_KIND_CONFIG = 78,      /* configuration */
};

enum { ERR_MSG_MAX = 1024, ERR_CODE_MAX = 64, ERR_REQUEST_ID_MAX = 128 };

struct err {
	enum err_kind kind;
	int sys_errno;  /* errno of the failing call, or 0 */
	int status;     /* the server's HTTP status, or 0 */
	bool retryable; /* trying the same again may help */
	char code
		[ERR_CODE_MAX]; /* which one of its kind: the server's code ("NoSuchKey"), or ours ("dirty"); or "" */
	char request_id[ERR_REQUEST_ID_MAX]; /* the server's request id, or "" */
	char msg[ERR_MSG_MAX];               /* lower case, no full stop; cut when too long */
};

#define ERR_INIT ((struct err){ .kind = ERR_KIND_NONE })

/* Record a failure of `kind`. Returns -1 so that a failing function ends in one line. */
int err_set(struct err *e, enum err_kind kind, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Record a failed system call: the text, then ": " and errno's. The kind follows from errno
 * (ENOENT: NOT_FOUND, EACCES EPERM EROFS: DENIED, EEXIST ENOTEMPTY: CONFLICT, EAGAIN ETIMEDOUT
 * ECONNRESET…: TRY_AGAIN and retryable, ECONNREFUSED: UNAVAILABLE and retryable, other: IO).
 * Returns -1; errno is kept. */
int err_sys(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Put "text: " in front of the message of the error that `e` holds. Returns -1. */
int err_context(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Give the error that `e` holds a code of its own, for --json. Returns -1. */
int err_code(struct err *e, const char *code);

/* Whether `e` holds an error. */
bool err_is(const struct err *e);

/* Forget the error. */
void err_clear(struct err *e);

/* The exit status that `e` asks for; 0 when it holds no error. */
int err_exit_status(const struct err *e);

/* The stable name of a kind for --json ("not_found"). */
const char *err_kind_name(enum err_kind kind);

#endif
