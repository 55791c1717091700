/* What a process can no longer do. */
#include "os/sandbox.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/resource.h>
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
	int rc = sandbox_confine_writes(p->inside, &e);
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

static int no_landlock(void *arg)
{
	const struct places *p = arg;
	struct err e = ERR_INIT;
	if (!seccomp_refuse(SYS_landlock_create_ruleset, ENOSYS))
		return 100;
	return sandbox_confine_writes(p->inside, &e) == 0 && !err_is(&e) ? 0 : 1;
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
	rc = scratch_fork(no_landlock, &places);
	if (rc == 100)
		tap_skip("a kernel without Landlock", "no seccomp filters here");
	else
		TAP_INT(rc, 0, "a kernel without Landlock is said, not an error");
	TAP_INT(scratch_fork(hardened, NULL), 0, "a hardened process leaves no core file");
	return tap_done();
}
