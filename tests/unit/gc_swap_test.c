/* The collector is stopped before each system call that names a directory of the workspace, and that directory is another
 * one when it goes on: a link, or a mount. Nothing is left to luck, so a check that is missing shows. */
#include <dirent.h>
#include <errno.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include "os/mounts.h"
#include "tests/unit/gc_canary.h"

enum { CALLS_MAX = 1000, SYSCALL_OPENAT2 = 437, STOPPED_BY_CALL = SIGTRAP | 0x80, NOT_TAKEN = 9 };

/* What becomes of which directory before which call, and whether it is undone after that call. */
struct attack {
	const char *target;
	bool by_mount, undone;
	long call; /* of those that name a directory of the workspace */
};

struct hunt {
	struct victim v;
	struct attack attack;
	int (*work)(void *hunt);
	long calls, hits; /* of this run */
	char place[300];  /* where the target was when it was swapped */
	pid_t inside;     /* who is in the call; 0: nobody */
};

/* ---- swaps ---- */

/* Where the workspace is: in its place or in the trash. */
static bool find_top(const struct hunt *h, char *out, size_t cap)
{
	snprintf(out, cap, "%s/one", h->v.base);
	struct stat st;
	if (lstat(out, &st) == 0)
		return true;
	char trash[200];
	snprintf(trash, sizeof(trash), "%s/.ws/trash", h->v.base);
	DIR *dir = opendir(trash);
	bool found = false;
	const struct dirent *d;
	while (dir && !found && (d = readdir(dir))) {
		found = d->d_name[0] != '.';
		snprintf(out, cap, "%s/%.80s", trash, d->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}

static bool swap(struct hunt *h)
{
	char other[100];
	snprintf(other, sizeof(other), "%s/%s", h->v.dir.path,
	         h->attack.by_mount ? "canary" : "evil");
	if (h->attack.by_mount)
		return mount(other, h->place, NULL, MS_BIND, NULL) == 0;
	return syscall(SYS_renameat2, AT_FDCWD, h->place, AT_FDCWD, other,
	               2 /* RENAME_EXCHANGE */) == 0;
}

static void attack(struct hunt *h)
{
	char top[290];
	struct stat st;
	if (!find_top(h, top, sizeof(top)))
		return;
	snprintf(h->place, sizeof(h->place), "%s%s", top, h->attack.target);
	if (lstat(h->place, &st) == 0 && S_ISDIR(st.st_mode))
		h->hits += swap(h);
}

static void unmount_all(const struct hunt *h)
{
	MOUNTS_AUTO all = { .list = NULL };
	struct err e = ERR_INIT;
	if (mounts_read(&all, &e) != 0)
		return;
	for (size_t i = 0; i < all.count; i++) {
		if (strncmp(all.list[i].mount_point, h->v.base, strlen(h->v.base)) == 0)
			umount2(all.list[i].mount_point, MNT_DETACH);
	}
}

static void undo(struct hunt *h)
{
	if (h->hits == 0)
		return;
	if (h->attack.by_mount)
		unmount_all(h);
	else
		(void)!swap(h);
}

/* ---- the one who is stopped ---- */

/* Whether the call names one of the workspace's directories. */
static bool names_ours(pid_t pid, const struct __ptrace_syscall_info *call)
{
	static const long with_names[] = { SYS_openat,     SYSCALL_OPENAT2,      SYS_statx,
		                           SYS_newfstatat, SYS_unlinkat,         SYS_renameat2,
		                           SYS_fchmodat,   SYS_name_to_handle_at };
	char path[64] = "", memory[64];
	bool known = false;
	for (size_t i = 0; i < COUNTOF(with_names); i++)
		known = known || (long)call->entry.nr == with_names[i];
	if (!known)
		return false;
	snprintf(memory, sizeof(memory), "/proc/%d/mem", (int)pid);
	FD_AUTO fd = open(memory, O_RDONLY | O_CLOEXEC);
	if (pread(fd, path, sizeof(path) - 1, (off_t)call->entry.args[1]) <= 0)
		return false;
	return strcmp(path, "a") == 0 || strcmp(path, "b") == 0 || strncmp(path, "one", 3) == 0;
}

static void at_call(struct hunt *h, pid_t pid)
{
	struct __ptrace_syscall_info call;
	memset(&call, 0, sizeof(call));
	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(call), &call) <= 0)
		return;
	if (call.op == PTRACE_SYSCALL_INFO_EXIT && h->inside == pid) {
		h->inside = 0;
		if (h->attack.undone)
			undo(h);
	}
	if (call.op != PTRACE_SYSCALL_INFO_ENTRY || !names_ours(pid, &call) ||
	    h->calls++ != h->attack.call)
		return;
	h->inside = pid;
	attack(h);
}

/* Until the child has ended, with all its threads: its status. */
static int guide(struct hunt *h, pid_t child)
{
	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, __WALL);
		if (pid < 0)
			return -1;
		if (WIFEXITED(status) || WIFSIGNALED(status)) {
			if (pid == child)
				return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
			continue;
		}
		int number = WSTOPSIG(status);
		if (number == STOPPED_BY_CALL)
			at_call(h, pid);
		/* A thread's first stop, and news of the kernel, are no signals of its own. */
		bool ours = number == STOPPED_BY_CALL || number == SIGTRAP || number == SIGSTOP;
		ptrace(PTRACE_SYSCALL, pid, 0, ours ? 0 : number);
	}
}

/* The work with this attack: 0 when it could be watched. */
static int run(struct hunt *h)
{
	h->calls = h->hits = 0;
	h->inside = 0;
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		if (ptrace(PTRACE_TRACEME, 0, 0, 0) != 0)
			_exit(100);
		raise(SIGSTOP);
		_exit(h->work(h));
	}
	int status;
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
		return -1;
	ptrace(PTRACE_SETOPTIONS, child, 0,
	       PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
	               PTRACE_O_TRACEVFORK | PTRACE_O_EXITKILL);
	ptrace(PTRACE_SYSCALL, child, 0, 0);
	return guide(h, child);
}

/* ---- the work ---- */

static int deletes(void *arg)
{
	struct hunt *h = arg;
	struct remove_stats stats = { .entries = 0 };
	struct err e = ERR_INIT;
	FD_AUTO base = open(h->v.base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return remove_tree(base, "one", &stats, &e) == 0 ? 0 : NOT_TAKEN;
}

static int collects(void *arg)
{
	struct hunt *h = arg;
	BASE_DIR_AUTO b = { .fd = -1, .ws_fd = -1 };
	struct err e = ERR_INIT;
	if (base_dir_open(h->v.base, true, &b, &e) != 0)
		return 1;
	return victim_collect(&b) == 1 ? 0 : NOT_TAKEN;
}

/* Directories that have to be opened up first: one call more that could reach the canary. */
static void shut(const struct victim *v, uint32_t mode)
{
	static const char *const names[] = { "base/one/a/b", "base/one/a", "base/one" };
	for (size_t i = 0; i < COUNTOF(names); i++)
		fchmodat(v->dir.fd, names[i], mode, 0);
}

static bool make(struct hunt *h)
{
	BASE_DIR_AUTO b = { .fd = -1, .ws_fd = -1 };
	struct err e = ERR_INIT;
	if (base_dir_open(h->v.base, true, &b, &e) != 0)
		return false;
	victim_make(&h->v, &b);
	shut(&h->v, 0500);
	return true;
}

/* One attack before each call in turn, until there are no more calls. False when the canary was touched, or when what
 * nobody attacks is not taken. */
static bool hunt_one(struct hunt *h, const struct canary *before, long *hits)
{
	struct canary after;
	for (long call = 0; call < CALLS_MAX; call++) {
		h->attack.call = call;
		int status = make(h) ? run(h) : -1;
		unmount_all(h);
		victim_clear(&h->v);
		canary_look(&h->v, &after);
		*hits += h->hits;
		if (!canary_same(before, &after)) {
			tap_note("touched: a %s at \"%s\" before call %ld%s",
			         h->attack.by_mount ? "mount" : "link", h->attack.target, call,
			         h->attack.undone ? ", undone after it" : "");
			return false;
		}
		if (h->calls <= call || (status != 0 && status != NOT_TAKEN))
			return status == 0;
	}
	return false;
}

static void test_swaps(struct hunt *h, const char *what, int (*work)(void *),
                       const struct canary *before)
{
	static const char *const targets[] = { "", "/a", "/a/b" };
	bool untouched = true;
	long hits = 0;
	h->work = work;
	for (unsigned i = 0; untouched && i < COUNTOF(targets) * 4; i++) {
		h->attack = (struct attack){ .target = targets[i / 4],
			                     .by_mount = i & 1,
			                     .undone = i & 2 };
		if (!h->attack.by_mount || h->v.may_mount)
			untouched = hunt_one(h, before, &hits);
	}
	TAP_OK(untouched && hits > 0,
	       "%s: each directory swapped before each call that names one: the canary is untouched",
	       what);
	tap_note("%ld swaps", hits);
}

static int nothing(void *arg)
{
	return arg ? 0 : 1;
}

static int test(void *arg)
{
	struct hunt *h = arg;
	struct canary before;
	if (getpid() == 1 && mount("proc", "/proc", "proc", 0, NULL) != 0)
		return 1;
	fchmodat(h->v.dir.fd, "canary", 0500, 0);
	canary_look(&h->v, &before);
	sys_fake_clock(sys_now_ms() + 10 * (int64_t)DAY);
	h->work = nothing;
	if (run(h) != 0) {
		tap_skip("directories are swapped before each call",
		         "processes can't be traced here");
	} else {
		test_swaps(h, "a deletion", deletes, &before);
		test_swaps(h, "a collection", collects, &before);
	}
	int status = tap_done();
	fflush(stdout);
	return status;
}

/* Where it is allowed, with no other processes in sight: the collector looks at the open files of all. */
int main(void)
{
	static struct hunt h;
	victim_open(&h.v);
	bool alone = h.v.may_mount && unshare(CLONE_NEWPID) == 0;
	int status = alone ? scratch_fork(test, &h) : test(&h);
	victim_close(&h.v);
	fflush(stdout);
	/* Without looking for leaks: that takes a thread, and there is none to be had any more. */
	_exit(status);
}
