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

static int run_how(const char *script, int fd, const struct supervise_how *how,
                   struct supervise_result *out)
{
	char *argv[] = { (char[]){ "/bin/sh" }, (char[]){ "-c" }, NULL, NULL };
	char text[512];
	struct err e = ERR_INIT;
	snprintf(text, sizeof(text), "%s", script);
	argv[2] = text;
	const struct proc_spawn spawn = {
		.argv = argv,
		.cwd_fd = -1,
		.stdin_fd = -1,
		.stdout_fd = -1,
		.stderr_fd = -1,
		.new_group = true,
	};
	int result = supervise_run(&spawn, fd, how, out, &e);
	if (result)
		tap_note("%s", e.msg);
	return result;
}

/* Run `script`. The grace is that of `grace_ms`. */
static int run(const char *script, int fd, int64_t grace_ms, struct supervise_result *out)
{
	const struct supervise_how how = { .grace_ms = grace_ms };
	return run_how(script, fd, &how, out);
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
	const struct supervise_how how_long = { .grace_ms = -1 };
	TAP_OK(supervise_run(&how, fd, &how_long, &r, &e) == -1 && e.kind == ERR_KIND_NOT_FOUND,
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

/* ---- what happens on the way; without a control group, as a scratch place has none ---- */

enum { TOLD_MAX = 16, PATIENCE_MS = 100 };

struct told {
	enum supervise_what list[TOLD_MAX];
	size_t count;
	char why[ERR_MSG_MAX];
	int save_result;
};

static void tell(void *ctx, const struct supervise_event *event)
{
	struct told *t = ctx;
	if (t->count < TOLD_MAX)
		t->list[t->count++] = event->what;
	if (event->why)
		snprintf(t->why, sizeof(t->why), "%s", event->why->msg);
}

static int save(void *ctx, struct err *e)
{
	struct told *t = ctx;
	return t->save_result == 0 ? 0 : err_set(e, ERR_KIND_IO, "the disk is away");
}

static int save_for_long(UNUSED void *ctx, UNUSED struct err *e)
{
	sys_sleep_ms(60 * 1000);
	return 0;
}

static bool is_told(const struct told *t, const enum supervise_what *list, size_t count)
{
	for (size_t i = 0; i < t->count; i++)
		tap_note("told: %d", (int)t->list[i]);
	return t->count == count && memcmp(t->list, list, count * sizeof(*list)) == 0;
}

static int run_told(const char *script, int fd, struct supervise_how how, struct told *told,
                    struct supervise_result *out)
{
	how.tell = tell;
	how.ctx = told;
	return run_how(script, fd, &how, out);
}

static void test_pause(int fd)
{
	static const enum supervise_what both[] = { SUPERVISE_PAUSED, SUPERVISE_RESUMED };
	struct told told = { .count = 0 };
	struct supervise_result r;
	/* Who pauses is not of the group, and waits until it stands. */
	int result = run_told("p=$$; s=$PPID; setsid sh -c \"kill -TSTP $s; "
	                      "until grep -q '^State:.T' /proc/$p/status; do sleep 0.01; done; "
	                      "kill -CONT $s\"; exit 6",
	                      fd, (struct supervise_how){ .grace_ms = -1 }, &told, &r);
	TAP_OK(result == 0 && r.status == 6, "a paused command goes on after a CONT");
	TAP_OK(is_told(&told, both, COUNTOF(both)), "and both are told");
}

static void test_limit_while_paused(int fd)
{
	struct told told = { .count = 0 };
	struct supervise_result r;
	const struct supervise_how how = { .grace_ms = -1, .limit_ms = PATIENCE_MS };
	int result = run_told("kill -TSTP $PPID; " LOOP, fd, how, &told, &r);
	TAP_OK(result == 0 && r.status == 128 + SIGTERM && r.over_time && !r.terminated,
	       "the time limit ends a command that is paused");
}

static void test_save(int fd)
{
	static const enum supervise_what saved[] = { SUPERVISE_SAVING, SUPERVISE_SAVED };
	static const enum supervise_what failed[] = { SUPERVISE_SAVING, SUPERVISE_NOT_SAVED };
	struct supervise_how how = { .grace_ms = -1, .save_every_ms = PATIENCE_MS, .save = save };
	/* It is over before a second one is due: each ends itself by what stopped it. */
	const char *script = "trap 'exit 5' CONT; " LOOP;
	struct supervise_result r;
	struct told told = { .count = 0 };
	TAP_OK(run_told(script, fd, how, &told, &r) == 0 && r.status == 5,
	       "a command stands while it is saved, and goes on after it");
	TAP_OK(is_told(&told, saved, COUNTOF(saved)), "which is told");
	told = (struct told){ .save_result = -1 };
	TAP_OK(run_told(script, fd, how, &told, &r) == 0 && r.status == 5,
	       "it goes on after a save that failed, too");
	TAP_OK(is_told(&told, failed, COUNTOF(failed)) && strstr(told.why, "disk is away"),
	       "which is told with its reason");
	told = (struct told){ .count = 0 };
	how.save = save_for_long;
	how.limit_ms = 2 * PATIENCE_MS;
	TAP_OK(run_told("trap 'exit 7' TERM; " LOOP, fd, how, &told, &r) == 0 && r.status == 7 &&
	               r.over_time,
	       "what is to end does not wait for its save");
	TAP_OK(is_told(&told, failed, COUNTOF(failed)) && strstr(told.why, "to end"),
	       "which is given up");
	TAP_OK(nothing_left(), "and leaves no child");
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
	test_pause(fd);
	test_limit_while_paused(fd);
	test_save(fd);
	return tap_done();
}
