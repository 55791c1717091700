/* Deleting trees: all of it, nothing else. */
#include "os/remove.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "scratch.h"
#include "seccomp.h"
#include "tap.h"

static void test_small_things(void)
{
	SCRATCH_AUTO s;
	scratch_open(&s);
	struct err e = ERR_INIT;
	TAP_OK(remove_tree(s.fd, "none", NULL, &e) == 0, "what is absent is removed already");
	scratch_file(s.fd, "file", "12345");
	TAP_OK(remove_tree(s.fd, "file", NULL, &e) == 0 && !scratch_has(s.fd, "file"),
	       "a file is removed");
	scratch_dir(s.fd, "kept");
	scratch_file(s.fd, "kept/file", "x");
	scratch_link(s.fd, "link", "kept");
	TAP_OK(remove_tree(s.fd, "link", NULL, &e) == 0 && !scratch_has(s.fd, "link") &&
	               scratch_has(s.fd, "kept/file"),
	       "a link to a directory is removed, not the directory");
	static const char *const names[] = { "..", ".", "", "kept/file", "/" };
	for (size_t i = 0; i < COUNTOF(names); i++) {
		err_clear(&e);
		TAP_OK(remove_tree(s.fd, names[i], NULL, &e) != 0 && e.kind == ERR_KIND_USAGE,
		       "\"%s\" is not a name to remove", names[i]);
	}
	TAP_OK(scratch_has(s.fd, "kept/file"), "and nothing was removed");
}

static void test_stats(void)
{
	SCRATCH_AUTO s;
	scratch_open(&s);
	struct err e = ERR_INIT;
	struct remove_stats stats = { 0 };
	scratch_dir(s.fd, "t");
	scratch_dir(s.fd, "t/d");
	scratch_file(s.fd, "t/d/a", "some bytes");
	scratch_file(s.fd, "outside", "more bytes");
	scratch_link(s.fd, "t/link", "../outside");
	linkat(s.fd, "t/d/a", s.fd, "t/d/second", 0);
	linkat(s.fd, "outside", s.fd, "t/third", 0);
	struct stat a;
	struct stat d;
	fstatat(s.fd, "t/d/a", &a, 0);
	fstatat(s.fd, "t/d", &d, 0);
	TAP_OK(remove_tree(s.fd, "t", &stats, &e) == 0 && !scratch_has(s.fd, "t"),
	       "a tree is removed: %s", e.msg);
	TAP_INT(stats.entries, 6, "each entry counts");
	/* Directories have blocks on some file systems and none on others. */
	uint64_t want = (uint64_t)(a.st_blocks + 2 * d.st_blocks) * 512;
	TAP_INT(stats.allocated_bytes, want, "blocks count once, and only when the last name goes");
	TAP_OK(scratch_has(s.fd, "outside"), "a second name outside stays");
}

/* `depth` directories in each other, each with a file. Leaves the process in the innermost one. */
static void make_deep(int fd, int depth)
{
	int at = dup(fd);
	for (int i = 0; i < depth; i++) {
		scratch_dir(at, "deep");
		scratch_file(at, "file", "");
		int next = openat(at, "deep", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(at);
		at = next;
	}
	close(at);
}

static void test_deep(void)
{
	SCRATCH_AUTO s;
	scratch_open(&s);
	struct err e = ERR_INIT;
	struct rlimit kept;
	getrlimit(RLIMIT_NOFILE, &kept);
	static const struct {
		int depth;
		rlim_t descriptors;
	} cases[] = { { 5000, 100 }, { 300, 16 } };
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		scratch_dir(s.fd, "top");
		int top = openat(s.fd, "top", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		make_deep(top, cases[i].depth);
		close(top);
		struct rlimit few = { cases[i].descriptors, kept.rlim_max };
		setrlimit(RLIMIT_NOFILE, &few);
		struct remove_stats stats = { 0 };
		int rc = remove_tree(s.fd, "top", &stats, &e);
		setrlimit(RLIMIT_NOFILE, &kept);
		TAP_OK(rc == 0 && !scratch_has(s.fd, "top"),
		       "%d levels are removed with %d descriptors: %s", cases[i].depth,
		       (int)cases[i].descriptors, e.msg);
		TAP_INT(stats.entries, 2 * cases[i].depth + 1, "all of them");
	}
}

static void test_many(void)
{
	SCRATCH_AUTO s;
	scratch_open(&s);
	struct err e = ERR_INIT;
	scratch_dir(s.fd, "many");
	int fd = openat(s.fd, "many", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < 6000; i++) {
		char name[64];
		snprintf(name, sizeof(name), "a file with a rather long name, number %d", i);
		close(openat(fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	}
	close(fd);
	TAP_OK(remove_tree(s.fd, "many", NULL, &e) == 0 && !scratch_has(s.fd, "many"),
	       "more names than one read of the directory gives are removed");
}

/* As an ordinary user, who is stopped by modes. */
static int remove_shut(void *arg)
{
	int fd = *(const int *)arg;
	struct err e = ERR_INIT;
	if (geteuid() == 0 &&
	    (setresgid(12345, 12345, 12345) != 0 || setresuid(12345, 12345, 12345) != 0))
		return 100;
	scratch_dir(fd, "t");
	scratch_dir(fd, "t/none");
	scratch_file(fd, "t/none/file", "");
	scratch_dir(fd, "t/none/below");
	scratch_dir(fd, "t/read_only");
	scratch_file(fd, "t/read_only/file", "");
	fchmodat(fd, "t/none/below", 0, 0);
	fchmodat(fd, "t/none", 0, 0);
	fchmodat(fd, "t/read_only", 0500, 0);
	fchmodat(fd, "t", 0400, 0);
	if (remove_tree(fd, "t", NULL, &e) == 0 && !scratch_has(fd, "t"))
		return 0;
	fprintf(stderr, "%s\n", e.msg);
	return 1;
}

static int remove_shut_old_kernel(void *arg)
{
	return seccomp_refuse(452, ENOSYS) ? remove_shut(arg) : 100;
}

static void test_permissions(void)
{
	static int (*const ways[])(void *) = { remove_shut, remove_shut_old_kernel };
	for (size_t i = 0; i < COUNTOF(ways); i++) {
		SCRATCH_AUTO s;
		scratch_open(&s);
		fchmod(s.fd, 0777);
		int rc = scratch_fork(ways[i], &s.fd);
		if (rc == 100)
			tap_skip("shut directories are opened up", "can't become another user");
		else
			TAP_INT(rc, 0,
			        "our own shut directories are opened up and removed (%s fchmodat2)",
			        i ? "without" : "with");
	}
}

/* In a mount namespace of its own, where descriptors from before are of no use for mounting. */
static int remove_mounted(void *arg)
{
	const struct scratch *s = arg;
	struct err e = ERR_INIT;
	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    chdir(s->path) != 0 || mount("victim", "t/d/mnt", NULL, MS_BIND, NULL) != 0)
		return 100;
	int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int inner = open("t/d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (remove_tree(fd, "t", NULL, &e) == 0 || e.kind != ERR_KIND_CONFLICT)
		return 1;
	if (!scratch_has(fd, "victim/canary"))
		return 2;
	err_clear(&e);
	if (remove_tree(inner, "mnt", NULL, &e) == 0 || e.kind != ERR_KIND_CONFLICT)
		return 3;
	return strstr(e.msg, "mount point") && scratch_has(fd, "victim/canary") ? 0 : 4;
}

static int remove_mounted_without_statx(void *arg)
{
	return seccomp_refuse(SYS_statx, ENOSYS) ? remove_mounted(arg) : 100;
}

static void test_mounts(void)
{
	static int (*const ways[])(void *) = { remove_mounted, remove_mounted_without_statx };
	for (size_t i = 0; i < COUNTOF(ways); i++) {
		SCRATCH_AUTO s;
		scratch_open(&s);
		scratch_dir(s.fd, "t");
		scratch_dir(s.fd, "t/d");
		scratch_dir(s.fd, "t/d/mnt");
		scratch_dir(s.fd, "victim");
		scratch_file(s.fd, "victim/canary", "");
		int rc = scratch_fork(ways[i], &s);
		if (rc == 100)
			tap_skip("a bind mount of the same file system stops the removal",
			         "can't mount here");
		else
			TAP_INT(rc, 0,
			        "a bind mount of the same file system stops the removal (%s statx)",
			        i ? "without" : "with");
	}
}

/* ---- a directory that turns into a link and back while it is removed ---- */

struct swap {
	int base;
	atomic_bool stop;
};

static void *keep_swapping(void *arg)
{
	struct swap *swap = arg;
	while (!swap->stop) {
		renameat2(swap->base, "t/a", swap->base, "t/evil", RENAME_EXCHANGE);
		renameat2(swap->base, "t", swap->base, "evil_top", RENAME_EXCHANGE);
	}
	return NULL;
}

static void fill(int base, const char *outside)
{
	static const char *const dirs[] = { "t", "t/a", "t/a/b", "t/c" };
	static const char *const files[] = { "t/a/canary", "t/a/b/canary", "t/c/canary", "t/1",
		                             "t/2" };
	scratch_link(base, "evil_top", outside);
	for (size_t i = 0; i < COUNTOF(dirs); i++)
		scratch_dir(base, dirs[i]);
	for (size_t i = 0; i < COUNTOF(files); i++)
		scratch_file(base, files[i], "");
	scratch_link(base, "t/evil", outside);
}

static void test_race(void)
{
	SCRATCH_AUTO inside;
	SCRATCH_AUTO outside;
	scratch_open(&inside);
	scratch_open(&outside);
	scratch_file(outside.fd, "canary", "");
	scratch_dir(outside.fd, "b");
	scratch_file(outside.fd, "b/canary", "");
	struct swap swap = { .base = inside.fd };
	pthread_t thread;
	int removed = 0;
	bool untouched = true;
	pthread_create(&thread, NULL, keep_swapping, &swap);
	for (int i = 0; i < 500 && untouched; i++) {
		struct err e = ERR_INIT;
		struct err e2 = ERR_INIT;
		fill(inside.fd, outside.path);
		removed += remove_tree(inside.fd, "t", NULL, &e) == 0;
		removed += remove_tree(inside.fd, "evil_top", NULL, &e2) == 0;
		untouched =
			scratch_has(outside.fd, "canary") && scratch_has(outside.fd, "b/canary");
	}
	swap.stop = true;
	pthread_join(thread, NULL);
	TAP_OK(untouched, "what a swapped link points to is never touched");
	TAP_OK(removed > 100, "though trees were removed meanwhile");
}

int main(void)
{
	umask(022);
	test_small_things();
	test_stats();
	test_deep();
	test_many();
	test_permissions();
	test_mounts();
	test_race();
	return tap_done();
}
