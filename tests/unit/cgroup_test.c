/* cgroup: a group of our own where the machine lets us have one, and a plain "no" where it does not. */
#include "os/cgroup.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/sys.h"
#include "tests/unit/scratch.h"
#include "tests/unit/tap.h"

enum { PATIENCE_MS = 5000 };

static void test_no_control_groups(const char *directory)
{
	struct cgroup c;
	struct err e = ERR_INIT;
	char stale[256];
	snprintf(stale, sizeof(stale), "%s/ws-2147483646", directory);
	int made = mkdir(stale, 0700);
	int opened = cgroup_open_below(directory, &c, &e);
	TAP_OK(made == 0 && opened == -1 && e.kind == ERR_KIND_NOT_FOUND,
	       "a directory whose groups can't be ended is none of control groups");
	TAP_OK(c.fd == -1 && c.parent_fd == -1 && rmdir(stale) != 0,
	       "what a killed supervisor left is removed, and nothing is left open");
	snprintf(stale, sizeof(stale), "%s/ws-%d", directory, (int)getpid());
	TAP_OK(access(stale, F_OK) != 0, "and the group that was tried is removed");
	TAP_OK(!cgroup_is_populated(&c) && cgroup_join(&c) == -1,
	       "nobody lives in a group that is not there, or can join it");
	cgroup_kill(&c);
	cgroup_close(&c);
	TAP_OK(cgroup_freeze(&c, true) == -1 && !cgroup_is_frozen(&c), "nor can it be frozen");
	TAP_OK(true, "and ending and closing it does nothing");
	err_clear(&e);
	TAP_OK(cgroup_open_below("/nonexistent", &c, &e) == -1 && e.kind == ERR_KIND_NOT_FOUND,
	       "a directory that is not there is an error");
}

/* A child in a session of its own that joined, forked another one and waits. */
static pid_t start(const struct cgroup *c)
{
	int ready[2];
	char byte;
	if (pipe(ready) != 0)
		return -1;
	pid_t pid = fork();
	if (pid == 0) {
		if (cgroup_join(c) != 0)
			_exit(1);
		setsid();
		if (fork() == 0)
			setsid();
		(void)!write(ready[1], "", 1);
		for (;;)
			pause();
	}
	for (int i = 0; i < 2; i++)
		(void)!read(ready[0], &byte, 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void test_end(struct cgroup *c)
{
	int status = 0;
	pid_t pid = start(c);
	TAP_OK(pid > 0 && cgroup_is_populated(c), "a child that joined lives in it");
	struct cgroup again = *c;
	cgroup_kill(c);
	TAP_OK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
	               WTERMSIG(status) == SIGKILL,
	       "it is killed");
	int64_t until_ms = sys_monotonic_ms() + PATIENCE_MS;
	while (cgroup_is_populated(c) && sys_monotonic_ms() < until_ms)
		sys_sleep_ms(1);
	TAP_OK(!cgroup_is_populated(c),
	       "and so is its child in another session, which nobody named");
	(void)mkdirat(c->fd, "made-by-the-command", 0755);
	(void)mkdirat(c->fd, "made-by-the-command/deeper", 0755);
	int parent = dup(c->parent_fd);
	cgroup_close(c);
	TAP_OK(c->fd == -1 && faccessat(parent, again.name, F_OK, 0) != 0,
	       "it is removed with what the command made in it");
	close(parent);
}

static bool becomes(bool (*is)(const struct cgroup *c), const struct cgroup *c, bool wanted)
{
	int64_t until_ms = sys_monotonic_ms() + PATIENCE_MS;
	while (is(c) != wanted && sys_monotonic_ms() < until_ms)
		sys_sleep_ms(1);
	return is(c) == wanted;
}

static void test_freeze(struct cgroup *c)
{
	int status = 0;
	pid_t pid = start(c);
	TAP_OK(cgroup_freeze(c, true) == 0 && becomes(cgroup_is_frozen, c, true),
	       "all of it can be held where it is");
	TAP_OK(cgroup_freeze(c, false) == 0 && becomes(cgroup_is_frozen, c, false),
	       "and be let go");
	TAP_OK(cgroup_freeze(c, true) == 0 && becomes(cgroup_is_frozen, c, true) &&
	               kill(pid, SIGKILL) == 0 && waitpid(pid, &status, 0) == pid,
	       "who is held can be killed");
}

/* Of a supervisor that lives, and then of one that is gone: the lock is what differs. */
static void test_left(struct cgroup *c)
{
	char path[CGROUP_PATH_MAX];
	snprintf(path, sizeof(path), "%s", c->path);
	cgroup_end_left(path, false);
	TAP_OK(cgroup_is_populated(c), "what somebody supervises is not ended as left behind");
	flock(c->fd, LOCK_UN); /* a command has it not, while the child here has */
	(void)!cgroup_freeze(c, false);
	TAP_OK(becomes(cgroup_is_frozen, c, false), "what is not held is let go");
	cgroup_end_left(path, true);
	TAP_OK(cgroup_is_populated(c), "is left alone by who only wants what nobody would let go");
	(void)!cgroup_freeze(c, true);
	TAP_OK(becomes(cgroup_is_frozen, c, true), "and when it is frozen");
	cgroup_end_left(path, true);
	TAP_OK(faccessat(c->parent_fd, c->name, F_OK, 0) != 0, "it is ended and removed");
	cgroup_end_left(path, true);
	cgroup_end_left("/", false);
	cgroup_end_left("", false);
	TAP_OK(true, "what is not there, or no group, is left alone");
	cgroup_close(c);
}

int main(void)
{
	struct cgroup c;
	struct err e = ERR_INIT;
	struct scratch s;
	scratch_open(&s);
	test_no_control_groups(s.path);
	scratch_close(&s);
	if (cgroup_open(&c, &e) == 0)
		test_end(&c);
	else
		tap_skip("a group of our own is ended in one step", e.msg);
	err_clear(&e);
	if (cgroup_open(&c, &e) == 0) {
		test_freeze(&c);
		test_left(&c);
	} else {
		tap_skip("a group of our own is held where it is", e.msg);
	}
	return tap_done();
}
