/* err: the error record. */
#include <errno.h>

#include "base/err.h"
#include "base/utf8.h"
#include "tests/unit/tap.h"

static void test_first_error_wins(void)
{
	struct err e = ERR_INIT;
	TAP_OK(!err_is(&e) && err_exit_status(&e) == 0, "a fresh record holds no error");
	TAP_INT(err_context(&e, "nothing"), -1, "context on no error returns -1");
	TAP_TEXT(e.msg, "", "context on no error adds nothing");
	TAP_INT(err_set(&e, ERR_KIND_DATA, "bad %s %d", "header", 7), -1, "err_set returns -1");
	TAP_TEXT(e.msg, "bad header 7", "the message is formatted");
	err_set(&e, ERR_KIND_USAGE, "second");
	errno = ENOENT;
	err_sys(&e, "third");
	TAP_TEXT(e.msg, "bad header 7", "the first message stays");
	TAP_INT(err_exit_status(&e), 65, "the first kind stays and is the exit status");
	err_context(&e, "read %s", "a.tar");
	err_context(&e, "restore");
	TAP_TEXT(e.msg, "restore: read a.tar: bad header 7", "each level puts its text in front");
	err_clear(&e);
	TAP_OK(!err_is(&e) && e.msg[0] == '\0', "a cleared record holds no error");
}

static void test_errno(void)
{
	static const struct {
		int number;
		enum err_kind kind;
		bool retryable;
	} rows[] = {
		{ ENOENT, ERR_KIND_NOT_FOUND, false },
		{ EACCES, ERR_KIND_DENIED, false },
		{ EPERM, ERR_KIND_DENIED, false },
		{ EROFS, ERR_KIND_DENIED, false },
		{ EEXIST, ERR_KIND_CONFLICT, false },
		{ ENOTEMPTY, ERR_KIND_CONFLICT, false },
		{ EAGAIN, ERR_KIND_TRY_AGAIN, true },
		{ ETIMEDOUT, ERR_KIND_TRY_AGAIN, true },
		{ ECONNRESET, ERR_KIND_TRY_AGAIN, true },
		{ ECONNREFUSED, ERR_KIND_UNAVAILABLE, true },
		{ ENOSPC, ERR_KIND_IO, false },
		{ EIO, ERR_KIND_IO, false },
		{ ENOTDIR, ERR_KIND_IO, false },
	};
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		struct err e = ERR_INIT;
		errno = rows[i].number;
		int result = err_sys(&e, "open %s", "x");
		TAP_OK(result == -1 && errno == rows[i].number && e.sys_errno == rows[i].number,
		       "err_sys keeps errno (%s)", strerror(rows[i].number));
		TAP_OK(e.kind == rows[i].kind && e.retryable == rows[i].retryable,
		       "errno %s is %s%s", strerror(rows[i].number), err_kind_name(rows[i].kind),
		       rows[i].retryable ? " and worth a retry" : "");
	}
	struct err e = ERR_INIT;
	errno = ENOENT;
	err_sys(&e, "open %s", "x");
	TAP_TEXT(e.msg, "open x: No such file or directory", "the system's text is behind ours");
}

static void test_cutting(void)
{
	/* Every offset of a two-, three- and four-byte character at the cut. */
	static const char *const characters[] = { "a", "\xC3\xA4", "\xE2\x82\xAC",
		                                  "\xF0\x9F\x98\x80" };
	bool whole = true, full = true;
	for (size_t c = 0; c < COUNTOF(characters); c++) {
		for (int shift = 0; shift < 5; shift++) {
			char text[3 * ERR_MSG_MAX] = "";
			memset(text, 'x', (size_t)shift);
			for (int i = 0; i < ERR_MSG_MAX / 2; i++)
				memcpy(text + strlen(text), characters[c],
				       strlen(characters[c]) + 1);
			struct err e = ERR_INIT;
			err_set(&e, ERR_KIND_IO, "%s%s", text, text);
			whole = whole && utf8_valid(str_of(e.msg));
			full = full && strlen(e.msg) >= ERR_MSG_MAX - 4;
			err_context(&e, "%s", text);
			whole = whole && utf8_valid(str_of(e.msg));
			full = full && strlen(e.msg) >= ERR_MSG_MAX - 8;
			err_context(&e, "short");
			whole = whole && utf8_valid(str_of(e.msg)) && strlen(e.msg) < ERR_MSG_MAX;
		}
	}
	TAP_OK(whole, "a message that is too long is cut between characters");
	TAP_OK(full, "and fills the room there is");
	struct err e = ERR_INIT;
	err_set(&e, ERR_KIND_IO, "the cause");
	char text[2 * ERR_MSG_MAX];
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	err_context(&e, "%s", text);
	TAP_OK(strstr(e.msg, ": the cause") != NULL, "a long context leaves room for the cause");
}

static void test_names(void)
{
	static const struct {
		enum err_kind kind;
		const char *name;
	} rows[] = {
		{ ERR_KIND_NONE, "none" },
		{ ERR_KIND_FAILED, "failed" },
		{ ERR_KIND_USAGE, "usage" },
		{ ERR_KIND_DATA, "data" },
		{ ERR_KIND_NOT_FOUND, "not_found" },
		{ ERR_KIND_UNAVAILABLE, "unavailable" },
		{ ERR_KIND_BUG, "bug" },
		{ ERR_KIND_CONFLICT, "conflict" },
		{ ERR_KIND_IO, "io" },
		{ ERR_KIND_TRY_AGAIN, "try_again" },
		{ ERR_KIND_DENIED, "denied" },
		{ ERR_KIND_CONFIG, "config" },
	};
	for (size_t i = 0; i < COUNTOF(rows); i++)
		TAP_TEXT(err_kind_name(rows[i].kind), rows[i].name, "kind %d has a stable name",
		         (int)rows[i].kind);
}

int main(void)
{
	test_first_error_wins();
	test_errno();
	test_cutting();
	test_names();
	return tap_done();
}
