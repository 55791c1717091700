/*
 * Test Anything Protocol for the unit tests: one program per module, a sentence per check.
 *
 *	int main(void)
 *	{
 *		TAP_OK(str_eq(S("a"), S("a")), "equal views are equal");
 *		return tap_done();
 *	}
 */
#ifndef WS_TESTS_TAP_H
#define WS_TESTS_TAP_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/defs.h"

static struct {
	unsigned count;
	unsigned failed;
} tap_state;

/* Bytes that would break the line or start a TAP directive are shown as something harmless. */
static void tap_put_text(const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;
		if (c == '#')
			fputs("\\#", stdout);
		else if (c < 0x20 || c == 0x7f)
			printf("\\x%02x", c);
		else
			putchar(c);
	}
}

static void tap_result(bool pass, const char *fmt, va_list args) PRINTF_LIKE(2, 0);
static void tap_result(bool pass, const char *fmt, va_list args)
{
	char sentence[512];
	vsnprintf(sentence, sizeof(sentence), fmt, args);
	tap_state.count++;
	if (!pass)
		tap_state.failed++;
	printf("%s %u - ", pass ? "ok" : "not ok", tap_state.count);
	tap_put_text(sentence);
	putchar('\n');
	fflush(stdout);
}

/* One check. `fmt` is the sentence that is true when it passes. */
UNUSED static void tap_ok(bool pass, const char *fmt, ...) PRINTF_LIKE(2, 3);
UNUSED static void tap_ok(bool pass, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	tap_result(pass, fmt, args);
	va_end(args);
}

/* The same, with the place and `why` (an expression, may be NULL) on failure. */
UNUSED static bool tap_ok_at(bool pass, const char *file, int line, const char *why,
                             const char *fmt, ...) PRINTF_LIKE(5, 6);
UNUSED static bool tap_ok_at(bool pass, const char *file, int line, const char *why,
                             const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	tap_result(pass, fmt, args);
	va_end(args);
	if (!pass)
		printf("# %s:%d: %s\n", file, line, why ? why : "");
	return pass;
}

/* TAP_OK(condition, "sentence …", values…). Gives whether it passed. */
#define TAP_OK(cond, ...) tap_ok_at((cond), __FILE__, __LINE__, #cond, __VA_ARGS__)

/* A line for whoever reads a failure. */
UNUSED static void tap_note(const char *fmt, ...) PRINTF_LIKE(1, 2);
UNUSED static void tap_note(const char *fmt, ...)
{
	char text[2048];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	fputs("# ", stdout);
	tap_put_text(text);
	putchar('\n');
}

/* TAP_TEXT(got, want, "sentence …", values…): equal NUL-terminated strings; shows both on failure. */
#define TAP_TEXT(got, want, ...) tap_text_at((got), (want), __FILE__, __LINE__, __VA_ARGS__)
UNUSED static bool tap_text_at(const char *got, const char *want, const char *file, int line,
                               const char *fmt, ...) PRINTF_LIKE(5, 6);
UNUSED static bool tap_text_at(const char *got, const char *want, const char *file, int line,
                               const char *fmt, ...)
{
	bool pass = got && want ? strcmp(got, want) == 0 : got == want;
	va_list args;
	va_start(args, fmt);
	tap_result(pass, fmt, args);
	va_end(args);
	if (!pass) {
		printf("# %s:%d\n", file, line);
		tap_note("got  %s", got ? got : "(NULL)");
		tap_note("want %s", want ? want : "(NULL)");
	}
	return pass;
}

/* TAP_INT(got, want, "sentence …", values…): equal signed integers; shows both on failure. */
#define TAP_INT(got, want, ...) \
	tap_int_at((int64_t)(got), (int64_t)(want), __FILE__, __LINE__, __VA_ARGS__)
UNUSED static bool tap_int_at(int64_t got, int64_t want, const char *file, int line,
                              const char *fmt, ...) PRINTF_LIKE(5, 6);
UNUSED static bool tap_int_at(int64_t got, int64_t want, const char *file, int line,
                              const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	tap_result(got == want, fmt, args);
	va_end(args);
	if (got != want)
		printf("# %s:%d: got %" PRId64 ", want %" PRId64 "\n", file, line, got, want);
	return got == want;
}

/* A check that cannot run here. */
UNUSED static void tap_skip(const char *sentence, const char *why)
{
	tap_state.count++;
	printf("ok %u - ", tap_state.count);
	tap_put_text(sentence);
	fputs(" # SKIP ", stdout);
	tap_put_text(why);
	putchar('\n');
}

/* The plan. Return it from main: 0 when there were checks and all passed. */
UNUSED static int tap_done(void)
{
	printf("1..%u\n", tap_state.count);
	if (fflush(stdout) != 0)
		return 1;
	return tap_state.count == 0 || tap_state.failed > 0 ? 1 : 0;
}

#endif
