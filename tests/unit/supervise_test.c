/* supervise: statuses, signals there and back, orphans. The commands are shell scripts whose parent is this program. */
#include "ws/supervise.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/file.h"
#include "os/sys.h"
#include "tests/unit/tap.h"

#define LOOP "while :; do sleep 0.01; done"

/* Run `script`. The grace is that of `grace_ms`. */
static int run(const char *script, int fd, int64_t grace_ms, struct supervise_result *out)
{
	char *argv[] = { (char[]){ "/bin/sh" }, (char[]){ "-c" }, NULL, NULL };
	char text[512];
	struct err e = ERR_INIT;
	snprintf(text, sizeof(text), "%s", script);
	argv[2] = text;
	const struct proc_spawn how = {
		.argv = argv,
		.cwd_fd = -1,
		.stdin_fd = -1,
		.stdout_fd = -1,
		.stderr_fd = -1,
		.new_group = true,
	};
	const struct supervise_times times = { .grace_ms = grace_ms };
	int result = supervise_run(&how, fd, &times, out, &e);
	if (result)
		tap_note("%s", e.msg);
	return result;
}

static bool nothing_left(void)
{
	return waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD;
}

static void test_statuses(int fd)
{
	static const struct {
		const char *script;
		int status;
	} rows[] = {
		{ "exit 0", 0 },
		{ "exit 1", 1 },
		{ "exit 42", 42 },
		{ "exit 255", 255 },
		{ "kill -KILL $$", 128 + SIGKILL },
		{ "kill -TERM $$", 128 + SIGTERM },
		{ "kill -SEGV $$", 128 + SIGSEGV },
		{ "exec sleep 0", 0 },
	};
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		struct supervise_result r;
		int result = run(rows[i].script, fd, -1, &r);
		TAP_OK(result == 0 && r.status == rows[i].status && !r.terminated,
		       "the status of `%s` is %d", rows[i].script, rows[i].status);
		TAP_OK(nothing_left(), "after `%s` no child is left unreaped", rows[i].script);
	}
}

static void test_every_status(int fd)
{
	int wrong = 0;
	for (int status = 2; status < 255; status += 11) {
		char script[32];
		struct supervise_result r;
		snprintf(script, sizeof(script), "exit %d", status);
		wrong += run(script, fd, -1, &r) != 0 || r.status != status;
	}
	TAP_INT(wrong, 0, "statuses between 2 and 254 come through as they are");
}

static void test_signals_are_passed_on(int fd)
{
	static const struct {
		const char *name;
		bool stop;
	} rows[] = {
		{ "TERM", true },  { "INT", true },   { "HUP", true },    { "QUIT", false },
		{ "USR1", false }, { "USR2", false }, { "WINCH", false },
	};
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		char script[128];
		struct supervise_result r;
		snprintf(script, sizeof(script), "trap 'exit 50' %s; kill -%s $PPID; " LOOP,
		         rows[i].name, rows[i].name);
		int result = run(script, fd, -1, &r);
		TAP_OK(result == 0 && r.status == 50, "%s that comes to us reaches the command",
		       rows[i].name);
		TAP_OK(r.terminated == rows[i].stop, "%s is %sa wish that we stop", rows[i].name,
		       rows[i].stop ? "" : "not ");
		TAP_OK((r.terminated_at_ms > 0) == rows[i].stop,
		       "the time of %s is kept when it is a stop", rows[i].name);
	}
}

static void test_second_term(int fd)
{
	struct supervise_result r;
	int result = run("n=0; trap 'n=$((n+1)); [ $n = 2 ] && exit 9; kill -TERM $PPID' TERM; "
	                 "kill -TERM $PPID; " LOOP,
	                 fd, -1, &r);
	TAP_OK(result == 0 && r.status == 9, "a second TERM reaches the command too");
}

/* The whole group gets it: the shell ignores TERM and waits for a child that does not. */
static void test_group(int fd)
{
	struct supervise_result r;
	int result =
		run("{ " LOOP "; } & trap '' TERM; kill -TERM $PPID; wait $!; exit $(($? - 100))",
	            fd, -1, &r);
	TAP_OK(result == 0 && r.status == 43, "TERM goes to every process of the command's group");
}

static void test_grace(int fd)
{
	struct supervise_result r;
	int64_t began = sys_monotonic_ms();
	int result = run("trap '' TERM; kill -TERM $PPID; " LOOP, fd, 50, &r);
	int64_t took = sys_monotonic_ms() - began;
	TAP_OK(result == 0 && r.status == 128 + SIGKILL && r.terminated,
	       "a command that ignores TERM is killed when the grace is over");
	TAP_OK(took >= 50, "and not before");
	TAP_OK(run("exit 3", fd, 0, &r) == 0 && r.status == 3,
	       "a grace of 0 does not kill a command that nobody asked to stop");
}

static void test_leftovers(int fd)
{
	struct supervise_result r;
	char path[] = "/tmp/ws-supervise-XXXXXX";
	char script[256], text[32] = "";
	FD_AUTO file = mkstemp(path);
	size_t got = 0;
	struct err e = ERR_INIT;
	snprintf(script, sizeof(script), "sleep 100 & echo $! >%s; exit 5", path);
	int result = run(script, fd, -1, &r);
	TAP_OK(result == 0 && r.status == 5,
	       "the command's status counts, not what it left running");
	int read = file_pread(file, text, sizeof(text) - 1, 0, &got, &e, path);
	int pid = (int)strtol(text, NULL, 10);
	TAP_OK(read == 0 && pid > 1 && kill(pid, 0) != 0 && errno == ESRCH,
	       "what it left in its group is ended");
	TAP_OK(nothing_left(), "and reaped");
	unlink(path);
}

static void test_orphans(int fd)
{
	struct supervise_result r;
	int result = run("(setsid true &); (true &); sleep 0.1; exit 6", fd, -1, &r);
	TAP_OK(result == 0 && r.status == 6 && nothing_left(),
	       "orphans, also those of another session, are reaped and their status is not taken");
}

static void test_not_started(int fd)
{
	char *argv[] = { (char[]){ "/nonexistent/program" }, NULL };
	const struct proc_spawn how = { .argv = argv,
		                        .cwd_fd = -1,
		                        .stdin_fd = -1,
		                        .stdout_fd = -1,
		                        .stderr_fd = -1,
		                        .new_group = true };
	struct supervise_result r;
	struct err e = ERR_INIT;
	const struct supervise_times times = { .grace_ms = -1 };
	TAP_OK(supervise_run(&how, fd, &times, &r, &e) == -1 && e.kind == ERR_KIND_NOT_FOUND,
	       "a program that is not there is an error, not a status");
	TAP_OK(strstr(e.msg, "/nonexistent/program") != NULL, "that names it");
	TAP_OK(nothing_left(), "and leaves no child");
}

static void test_pending(int fd)
{
	struct supervise_result r;
	kill(getpid(), SIGTERM);
	int result = run(LOOP, fd, -1, &r);
	TAP_OK(result == 0 && r.status == 128 + SIGTERM && r.terminated,
	       "a TERM that came before the command was started is not lost");
}

int main(void)
{
	struct err e = ERR_INIT;
	FD_AUTO fd = -1;
	if (!TAP_OK(supervise_prepare(&fd, &e) == 0, "signals become readable"))
		return tap_done();
	test_statuses(fd);
	test_every_status(fd);
	test_signals_are_passed_on(fd);
	test_second_term(fd);
	test_group(fd);
	test_grace(fd);
	test_leftovers(fd);
	test_orphans(fd);
	test_not_started(fd);
	test_pending(fd);
	return tap_done();
}
