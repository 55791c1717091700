/* What a program writes is kept, and it ends in time. */
#include "os/proc_capture.h"

#include <stdlib.h>
#include <unistd.h>

#include "os/sys.h"

#include "tests/unit/tap.h"

enum { PLENTY_MS = 20000 };

static int run_until(const char *script, int64_t time_ms, const struct stop *stop, struct buf *out,
                     int *status, struct err *e)
{
	char shell[] = "/bin/sh", option[] = "-c", text[256];
	char *argv[] = { shell, option, text, NULL };
	struct proc_spawn how = {
		.argv = argv, .cwd_fd = -1, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1
	};
	snprintf(text, sizeof(text), "%s", script);
	*status = -1;
	return proc_capture_run(&how, sys_monotonic_ms() + time_ms, stop, out, status, e);
}

static int run(const char *script, int64_t time_ms, struct buf *out, int *status, struct err *e)
{
	return run_until(script, time_ms, NULL, out, status, e);
}

static const struct {
	const char *says, *script, *output;
	int status;
} cases[] = {
	{ "what it writes", "echo hello", "hello\n", 0 },
	{ "nothing", ":", "", 0 },
	{ "in pieces", "printf a; sleep 0.02; printf b", "ab", 0 },
	{ "its status", "printf x; exit 3", "x", 3 },
	{ "the signal that ended it", "kill -9 $$", "", 137 },
	{ "not its standard error, which is /dev/null", "echo secret >&2", "", 0 },
	{ "standard input is empty", "cat; printf end", "end", 0 },
	{ "the end of one that closes its output first", "exec >&-; sleep 0.02; exit 4", "", 4 },
};

static void test_cases(void)
{
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		struct err e = ERR_INIT;
		int status;
		BUF_AUTO out = buf_make(1 << 16);
		TAP_INT(run(cases[i].script, PLENTY_MS, &out, &status, &e), 0, "captured: %s",
		        cases[i].says);
		TAP_TEXT(out.p, cases[i].output, "  its output");
		TAP_INT(status, cases[i].status, "  its status");
	}
}

static void test_limits(void)
{
	struct err e = ERR_INIT;
	int status;
	BUF_AUTO out = buf_make(10000);
	TAP_OK(run("sleep 60 | cat", 50, &out, &status, &e) == -1 && e.kind == ERR_KIND_TRY_AGAIN,
	       "one that does not end is killed with its children: %s", e.msg);
	err_clear(&e);
	TAP_OK(run("exec >&-; sleep 60", 50, &out, &status, &e) == -1 &&
	               e.kind == ERR_KIND_TRY_AGAIN,
	       "so is one that has closed its output: %s", e.msg);
	err_clear(&e);
	TAP_OK(run("cat /dev/zero", PLENTY_MS, &out, &status, &e) == -1 && e.kind == ERR_KIND_DATA,
	       "one that writes without end is killed: %s", e.msg);
}

static void test_stop(void)
{
	static const char *const scripts[] = { "sleep 60", "exec >&-; sleep 60" };
	struct stop *stop;
	struct err e = ERR_INIT;
	if (stop_open(&stop, &e))
		return;
	stop_ask(stop);
	for (size_t i = 0; i < COUNTOF(scripts); i++) {
		int status;
		BUF_AUTO out = buf_make(100);
		err_clear(&e);
		TAP_OK(run_until(scripts[i], PLENTY_MS, stop, &out, &status, &e) == -1 &&
		               strstr(e.msg, "interrupted"),
		       "nobody who was asked to stop waits for \"%s\"", scripts[i]);
	}
	stop_close(stop);
}

static void test_missing(void)
{
	struct err e = ERR_INIT;
	int status;
	char name[] = "/nowhere/program";
	char *argv[] = { name, NULL };
	struct proc_spawn how = {
		.argv = argv, .cwd_fd = -1, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1
	};
	BUF_AUTO out = buf_make(100);
	TAP_OK(proc_capture_run(&how, -1, NULL, &out, &status, &e) == -1 &&
	               e.kind == ERR_KIND_NOT_FOUND,
	       "a program that is not there is an error: %s", e.msg);
}

int main(void)
{
	test_cases();
	test_limits();
	test_stop();
	test_missing();
	return tap_done();
}
