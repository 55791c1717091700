/* What a process can no longer do. */
#include "os/sandbox.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "os/dir.h"
#include "scratch.h"
#include "seccomp.h"
#include "tap.h"

struct places {
	int inside, outside;
};

/* In a child; the status is the number of the broken promise. */
static int confined(void *arg)
{
	const struct places *p = arg;
	struct err e = ERR_INIT;
	const struct sandbox_rules rules = { .writable = p->inside };
	int rc = sandbox_confine(&rules, &e);
	if (rc <= 0)
		return rc == 0 ? 100 : 1;
	if (!scratch_file(p->inside, "new", "text") || !scratch_dir(p->inside, "d"))
		return 2;
	if (dir_rename(p->inside, "new", p->inside, "renamed", true, &e) != 0)
		return 3;
	int d = openat(p->inside, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (linkat(p->inside, "renamed", d, "second", 0) != 0 ||
	    renameat(p->inside, "renamed", d, "moved") != 0)
		return 4;
	if (scratch_file(p->outside, "new", "text") || scratch_dir(p->outside, "d") ||
	    scratch_file(p->outside, "canary", "changed") || unlinkat(p->outside, "canary", 0) == 0)
		return 5;
	if (linkat(d, "second", p->outside, "second", 0) == 0 ||
	    renameat(d, "second", p->outside, "second") == 0)
		return 6;
	BUF_AUTO text = buf_make(100);
	if (dir_read_file(p->outside, "canary", &text, &e) != 0 ||
	    !str_is(buf_str(&text), "unchanged"))
		return 7;
	return 0;
}

/* Nothing to write, nobody to call, nothing to run. */
static int walled_in(void *arg)
{
	const struct places *p = arg;
	struct err e = ERR_INIT;
	const struct sandbox_rules rules = { .writable = -1, .offline = true };
	const struct sockaddr_in nobody = { .sin_family = AF_INET, .sin_port = htons(9) };
	int opened = openat(p->inside, "opened", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	int rc = sandbox_confine(&rules, &e);
	if (rc <= 0)
		return rc == 0 ? 100 : 1;
	if (scratch_file(p->inside, "more", "text") || write(opened, "x", 1) != 1)
		return 2;
	execl("/bin/true", "true", NULL);
	if (errno != EACCES)
		return 3;
	FD_AUTO s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool called = connect(s, (const struct sockaddr *)&nobody, sizeof(nobody)) == 0;
	/* ECONNREFUSED: Landlock before version 4. */
	return !called && (errno == EACCES || errno == ECONNREFUSED) ? 0 : 4;
}

/* What a confined thread finds: 0 when it may write inside alone. */
static int only_inside(void *ctx, struct err *e)
{
	const struct places *p = ctx;
	(void)e;
	return scratch_file(p->inside, "thread", "text") &&
	                       !scratch_file(p->outside, "thread", "text")
	               ? 0
	               : -1;
}

/* The thread is confined, and nobody else; the limit on memory is taken back. */
static int one_thread(void *arg)
{
	struct places *p = arg;
	struct err e = ERR_INIT;
	struct rlimit before, after;
	bool confined = false;
	const struct sandbox_rules rules = { .writable = p->inside, .memory_bytes = 1ULL << 46 };
	getrlimit(RLIMIT_AS, &before);
	int rc = sandbox_run(&rules, only_inside, p, &confined, &e);
	getrlimit(RLIMIT_AS, &after);
	if (!confined)
		return 100;
	if (rc != 0 || before.rlim_cur != after.rlim_cur)
		return 1;
	return scratch_file(p->outside, "afterwards", "text") ? 0 : 2;
}

static int no_landlock(void *arg)
{
	const struct places *p = arg;
	struct err e = ERR_INIT;
	if (!seccomp_refuse(SYS_landlock_create_ruleset, ENOSYS))
		return 100;
	const struct sandbox_rules rules = { .writable = p->inside, .memory_bytes = 1ULL << 46 };
	struct rlimit memory;
	if (sandbox_confine(&rules, &e) != 0 || err_is(&e))
		return 1;
	return getrlimit(RLIMIT_AS, &memory) == 0 && memory.rlim_cur == 1ULL << 46 ? 0 : 2;
}

static int hardened(UNUSED void *arg)
{
	struct rlimit core;
	sandbox_harden();
	if (getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_cur != 0)
		return 1;
	return prctl(PR_GET_DUMPABLE) == 0 ? 0 : 2;
}

int main(void)
{
	umask(022);
	SCRATCH_AUTO inside;
	SCRATCH_AUTO outside;
	scratch_open(&inside);
	scratch_open(&outside);
	scratch_file(outside.fd, "canary", "unchanged");
	struct places places = { inside.fd, outside.fd };
	int rc = scratch_fork(confined, &places);
	if (rc == 100)
		tap_skip("a confined process writes only beneath its directory",
		         "this kernel has no Landlock");
	else
		TAP_INT(rc, 0, "a confined process writes only beneath its directory");
	rc = scratch_fork(walled_in, &places);
	if (rc == 100)
		tap_skip("a process that is offline writes, runs and calls nothing",
		         "this kernel has no Landlock");
	else
		TAP_INT(rc, 0, "a process that is offline writes, runs and calls nothing");
	rc = scratch_fork(one_thread, &places);
	if (rc == 100)
		tap_skip("a thread is confined and its process is not",
		         "this kernel has no Landlock");
	else
		TAP_INT(rc, 0, "a thread is confined and its process is not");
	rc = scratch_fork(no_landlock, &places);
	if (rc == 100)
		tap_skip("a kernel without Landlock", "no seccomp filters here");
	else
		TAP_INT(rc, 0, "a kernel without Landlock is said, not an error");
	TAP_INT(scratch_fork(hardened, NULL), 0, "a hardened process leaves no core file");
	return tap_done();
}
