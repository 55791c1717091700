/* Paths beneath a descriptor: the same answers with openat2 and without it, and no link
 * followed. */
#include "os/dir.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "base/mem.h"
#include "scratch.h"
#include "seccomp.h"
#include "tap.h"

/* ---- one table, answered in several ways ---- */

enum op { OP_OPEN, OP_FILE, OP_STAT, OP_LINK, OP_MAKE, OP_PARENT, OP_READ };

struct row {
	enum op op;
	const char *path;
	enum err_kind kind;
	int number;
	const char *sentence;
};

static const struct row rows[] = {
	{ OP_OPEN, "", ERR_KIND_NONE, 0, "the empty path is the directory itself" },
	{ OP_OPEN, ".", ERR_KIND_NONE, 0, "a dot is the directory itself" },
	{ OP_OPEN, "./dir//sub/.", ERR_KIND_NONE, 0, "dots and empty components are dropped" },
	{ OP_OPEN, "/dir/sub/", ERR_KIND_NONE, 0, "a leading slash does not leave the directory" },
	{ OP_OPEN, "..", ERR_KIND_USAGE, 0, "a path of two dots is refused" },
	{ OP_OPEN, "dir/../dir", ERR_KIND_USAGE, 0, "two dots in the middle are refused" },
	{ OP_OPEN, "dir/...", ERR_KIND_NOT_FOUND, ENOENT, "three dots are a name" },
	{ OP_OPEN, "none", ERR_KIND_NOT_FOUND, ENOENT, "a directory that is absent is not found" },
	{ OP_OPEN, "none/sub", ERR_KIND_NOT_FOUND, ENOENT, "an absent parent is not found" },
	{ OP_OPEN, "file", ERR_KIND_DATA, ENOTDIR, "a file is not opened as a directory" },
	{ OP_OPEN, "file/sub", ERR_KIND_DATA, ENOTDIR, "nothing is below a file" },
	{ OP_OPEN, "to_dir", ERR_KIND_DATA, ELOOP, "a link to a directory is not opened" },
	{ OP_OPEN, "to_dir/sub", ERR_KIND_DATA, ELOOP, "a link in the middle is not followed" },
	{ OP_OPEN, "to_root/etc", ERR_KIND_DATA, ELOOP, "a link out is not followed" },
	{ OP_OPEN, "dir/up/dir", ERR_KIND_DATA, ELOOP, "a link upwards is not followed" },
	{ OP_OPEN, "dangling/x", ERR_KIND_DATA, ELOOP, "a dangling link is a link" },
	{ OP_OPEN, "loop/x", ERR_KIND_DATA, ELOOP, "a link to itself is a link" },
	{ OP_FILE, "dir/sub/file", ERR_KIND_NONE, 0, "a file is opened" },
	{ OP_FILE, "to_file", ERR_KIND_DATA, ELOOP, "a link to a file is not opened" },
	{ OP_FILE, "to_dir/sub/file", ERR_KIND_DATA, ELOOP, "a file behind a link is not opened" },
	{ OP_FILE, "dir", ERR_KIND_DATA, 0, "a directory is not opened as a file" },
	{ OP_FILE, "fifo", ERR_KIND_DATA, 0, "a FIFO is refused without waiting for its writer" },
	{ OP_FILE, "dir/none", ERR_KIND_NOT_FOUND, ENOENT, "an absent file is not found" },
	{ OP_FILE, "file/x", ERR_KIND_DATA, ENOTDIR, "a file below a file is refused" },
	{ OP_READ, "dir/sub/file", ERR_KIND_NONE, 0, "a file is read" },
	{ OP_STAT, "", ERR_KIND_NONE, 0, "the directory itself has metadata" },
	{ OP_STAT, "to_root", ERR_KIND_NONE, 0, "a link's own metadata is given" },
	{ OP_STAT, "to_root/etc", ERR_KIND_DATA, ELOOP, "metadata behind a link is refused" },
	{ OP_STAT, "none", ERR_KIND_NOT_FOUND, ENOENT, "metadata of nothing is not found" },
	{ OP_LINK, "dir/up", ERR_KIND_NONE, 0, "a link's target is read" },
	{ OP_LINK, "file", ERR_KIND_DATA, 0, "a file has no target" },
	{ OP_LINK, "to_dir/up", ERR_KIND_DATA, ELOOP, "a target behind a link is not read" },
	{ OP_MAKE, "dir/sub", ERR_KIND_NONE, 0, "making a directory that is there opens it" },
	{ OP_MAKE, "new/a/b", ERR_KIND_NONE, 0, "missing directories are made" },
	{ OP_MAKE, "to_dir/new", ERR_KIND_DATA, ELOOP, "nothing is made behind a link" },
	{ OP_MAKE, "dangling/new", ERR_KIND_DATA, ELOOP, "nothing is made behind a dangling link" },
	{ OP_MAKE, "dangling", ERR_KIND_DATA, ELOOP, "a dangling link is not replaced" },
	{ OP_MAKE, "file/new", ERR_KIND_DATA, ENOTDIR, "nothing is made below a file" },
	{ OP_PARENT, "dir/sub/none", ERR_KIND_NONE, 0, "the parent of an absent name is opened" },
	{ OP_PARENT, "to_dir/x", ERR_KIND_DATA, ELOOP, "a link is not a parent" },
	{ OP_PARENT, "", ERR_KIND_USAGE, 0, "the empty path has no name" },
	{ OP_PARENT, "./", ERR_KIND_USAGE, 0, "a dot has no name" },
};

struct outcome {
	enum err_kind kind;
	int number;
};

static int run_op(int base, enum op op, const char *path, struct err *e)
{
	FD_AUTO fd = -1;
	BUF_AUTO text = buf_make(100);
	char name[DIR_NAME_MAX + 1];
	struct file_stat st;
	switch (op) {
	case OP_OPEN:
		return dir_open(base, path, &fd, e);
	case OP_FILE:
		return dir_open_file(base, path, &fd, e);
	case OP_STAT:
		return dir_stat(base, path, &st, e);
	case OP_LINK:
		return dir_read_link(base, path, &text, e);
	case OP_MAKE:
		return dir_make(base, path, 0755, &fd, e);
	case OP_PARENT:
		return dir_open_parent(base, path, &fd, name, e);
	case OP_READ:
		return dir_read_file(base, path, &text, e);
	}
	return -1;
}

static void answer_all(int base, struct outcome *out)
{
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		struct err e = ERR_INIT;
		int rc = run_op(base, rows[i].op, rows[i].path, &e);
		/* A failure without an error would otherwise look like success. */
		out[i].kind = (rc == 0) == !err_is(&e) ? e.kind : ERR_KIND_BUG;
		out[i].number = e.sys_errno;
	}
}

struct filtered {
	int base;
	int error; /* what openat2 fails with */
	struct outcome *out;
};

static int answer_filtered(void *arg)
{
	struct filtered *f = arg;
	if (!seccomp_refuse(SYS_openat2, f->error))
		return 2;
	answer_all(f->base, f->out);
	return 0;
}

static void check_answers(const struct outcome *out, const char *how)
{
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		bool right = out[i].kind == rows[i].kind && out[i].number == rows[i].number;
		tap_ok(right, "%s (%s)", rows[i].sentence, how);
		if (!right)
			tap_note("%s: kind %d errno %d, want %d %d", rows[i].path, (int)out[i].kind,
			         out[i].number, (int)rows[i].kind, rows[i].number);
	}
}

static bool make_fixture(int base)
{
	return scratch_dir(base, "dir") && scratch_dir(base, "dir/sub") &&
	       scratch_file(base, "dir/sub/file", "content") && scratch_file(base, "file", "top") &&
	       scratch_link(base, "to_dir", "dir") && scratch_link(base, "to_root", "/") &&
	       scratch_link(base, "to_file", "dir/sub/file") &&
	       scratch_link(base, "dir/up", "..") && scratch_link(base, "dangling", "nowhere") &&
	       scratch_link(base, "loop", "loop") && mkfifoat(base, "fifo", 0644) == 0;
}

static void test_table(void)
{
	static const struct {
		int error;
		const char *how;
	} filters[] = {
		{ ENOSYS, "no openat2" },     { EPERM, "openat2 forbidden" },
		{ E2BIG, "openat2 too big" }, { EINVAL, "openat2 unknown flags" },
		{ EACCES, "openat2 denied" }, { EAGAIN, "openat2 racing for ever" },
	};
	size_t bytes = sizeof(struct outcome) * COUNTOF(rows);
	struct outcome *out =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (size_t i = 0; i <= COUNTOF(filters); i++) {
		SCRATCH_AUTO s;
		scratch_open(&s);
		TAP_OK(make_fixture(s.fd), "the tree is there");
		memset(out, 0xff, bytes);
		if (i == COUNTOF(filters)) {
			answer_all(s.fd, out);
			check_answers(out, "this kernel");
			continue;
		}
		struct filtered f = { s.fd, filters[i].error, out };
		int rc = scratch_fork(answer_filtered, &f);
		if (rc == 2)
			tap_skip(filters[i].how, "no seccomp filters here");
		else
			check_answers(out, filters[i].how);
	}
	munmap(out, bytes);
}

/* ---- what does not fit into the table ---- */

static void test_long_paths(void)
{
	SCRATCH_AUTO s;
	scratch_open(&s);
	BUF_AUTO path = buf_make(1 << 20);
	for (int i = 0; i < 60; i++) {
		for (int j = 0; j < 200; j++)
			buf_add_char(&path, 'd');
		buf_add_char(&path, '/');
	}
	FD_AUTO fd = -1;
	FD_AUTO again = -1;
	struct err e = ERR_INIT;
	TAP_OK(dir_make(s.fd, path.p, 0755, &fd, &e) == 0, "12000 bytes of path are made");
	TAP_OK(dir_open(s.fd, path.p, &again, &e) == 0, "and opened");
	struct file_stat a, b;
	TAP_OK(file_stat(fd, &a, &e, "a") == 0 && file_stat(again, &b, &e, "b") == 0 &&
	               a.ino == b.ino,
	       "as the same directory");
	buf_clear(&path);
	for (int i = 0; i < 256; i++)
		buf_add_char(&path, 'n');
	TAP_OK(dir_exists(s.fd, path.p, &e) == -1 && e.sys_errno == ENAMETOOLONG,
	       "a name of 256 bytes is an error, not absence");
	err_clear(&e);
	buf_clear(&path);
	for (int i = 0; i <= DIR_DEPTH_MAX; i++)
		buf_add_text(&path, "d/");
	TAP_OK(dir_exists(s.fd, path.p, &e) == -1 && e.kind == ERR_KIND_DATA,
	       "a path that is too deep is an error");
}

static void test_content(void)
{
	SCRATCH_AUTO s;
	scratch_open(&s);
	make_fixture(s.fd);
	struct err e = ERR_INIT;
	BUF_AUTO text = buf_make(7);
	TAP_OK(dir_read_file(s.fd, "dir/sub/file", &text, &e) == 0, "seven bytes fit into seven");
	TAP_TEXT(text.p, "content", "the content is right");
	buf_clear(&text);
	text.max = 6;
	TAP_OK(dir_read_file(s.fd, "dir/sub/file", &text, &e) != 0 && e.kind == ERR_KIND_DATA,
	       "a file over the cap is a DATA error: %s", e.msg);
	err_clear(&e);
	BUF_AUTO target = buf_make(100);
	TAP_OK(dir_read_link(s.fd, "to_file", &target, &e) == 0, "a link is read");
	TAP_TEXT(target.p, "dir/sub/file", "with its target as it is");
	TAP_INT(dir_exists(s.fd, "dir", &e), 1, "what is there exists");
	TAP_INT(dir_exists(s.fd, "dangling", &e), 1, "so does a dangling link");
	TAP_INT(dir_exists(s.fd, "dir/none", &e), 0, "what is absent does not");
	TAP_INT(dir_exists(s.fd, "to_dir/sub", &e), -1, "behind a link it can't be told");
	err_clear(&e);
	struct file_stat st;
	TAP_OK(dir_stat(s.fd, "dir/sub/file", &st, &e) == 0 && st.size_bytes == 7 &&
	               file_is_regular(&st) && st.nlink == 1 && st.mtime_s > 0,
	       "metadata has size, type, links and time");
}

static int mode_of(int base, const char *name)
{
	struct stat st;
	return fstatat(base, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? (int)(st.st_mode & 07777) : -1;
}

static void test_replace(void)
{
	SCRATCH_AUTO s;
	scratch_open(&s);
	scratch_file(s.fd, "outside", "canary");
	scratch_link(s.fd, "link", "outside");
	struct err e = ERR_INIT;
	BUF_AUTO text = buf_make(100);
	TAP_OK(dir_replace_file(s.fd, "f", "one", 3, 0600, &e) == 0, "a file is made: %s", e.msg);
	TAP_OK(dir_replace_file(s.fd, "f", "two!", 4, 0600, &e) == 0, "and replaced");
	TAP_OK(dir_read_file(s.fd, "f", &text, &e) == 0 && str_is(buf_str(&text), "two!"),
	       "by the new content");
	TAP_INT(mode_of(s.fd, "f"), 0600, "with the mode that was asked for");
	TAP_OK(dir_replace_file(s.fd, "link", "three", 5, 0600, &e) == 0, "a link is replaced");
	buf_clear(&text);
	TAP_OK(dir_read_file(s.fd, "outside", &text, &e) == 0 && str_is(buf_str(&text), "canary"),
	       "itself, not what it points to");
	TAP_OK(dir_replace_file(s.fd, "a/b", "x", 1, 0600, &e) != 0 && e.kind == ERR_KIND_USAGE,
	       "a name with a slash is refused");
	char **names;
	size_t count;
	err_clear(&e);
	TAP_OK(dir_list(s.fd, 10, &names, &count, &e) == 0 && count == 3,
	       "no temporary file is left behind");
	mem_free(names);
}

static void test_list(void)
{
	SCRATCH_AUTO s;
	scratch_open(&s);
	char **names;
	size_t count;
	struct err e = ERR_INIT;
	TAP_OK(dir_list(s.fd, 10, &names, &count, &e) == 0 && count == 0 && !names[0],
	       "an empty directory has no names");
	mem_free(names);
	scratch_file(s.fd, "b", "");
	scratch_file(s.fd, "B", "");
	scratch_file(s.fd, "a\n", "");
	scratch_file(s.fd, "\xff", "");
	for (int round = 0; round < 2; round++) {
		TAP_OK(dir_list(s.fd, 4, &names, &count, &e) == 0 && count == 4,
		       "four names are listed");
		TAP_OK(strcmp(names[0], "B") == 0 && strcmp(names[1], "a\n") == 0 &&
		               strcmp(names[2], "b") == 0 && strcmp(names[3], "\xff") == 0 &&
		               !names[4],
		       "in byte order, each time");
		mem_free(names);
	}
	TAP_OK(dir_list(s.fd, 3, &names, &count, &e) != 0 && e.kind == ERR_KIND_DATA,
	       "more than the limit is an error");
}

struct rename_case {
	int base;
	int error;
};

/* In a child, with renameat2 refused; the status is the number of what went wrong. */
static int rename_filtered(void *arg)
{
	struct rename_case *c = arg;
	struct err e = ERR_INIT;
	if (c->error != 0 && !seccomp_refuse(SYS_renameat2, c->error))
		return 100;
	if (dir_rename(c->base, "file", c->base, "there", true, &e) == 0 ||
	    e.kind != ERR_KIND_CONFLICT)
		return 1;
	err_clear(&e);
	if (dir_rename(c->base, "dir", c->base, "empty", true, &e) == 0 ||
	    e.kind != ERR_KIND_CONFLICT)
		return 2;
	err_clear(&e);
	if (dir_rename(c->base, "file", c->base, "moved", true, &e) != 0 ||
	    scratch_has(c->base, "file") || !scratch_has(c->base, "moved"))
		return 3;
	if (dir_rename(c->base, "dir", c->base, "moved_dir", true, &e) != 0 ||
	    scratch_has(c->base, "dir") || !scratch_has(c->base, "moved_dir"))
		return 4;
	if (dir_rename(c->base, "none", c->base, "x", true, &e) == 0 ||
	    e.kind != ERR_KIND_NOT_FOUND)
		return 5;
	err_clear(&e);
	return dir_rename(c->base, "moved", c->base, "there", false, &e) == 0 ? 0 : 6;
}

static void test_rename(void)
{
	static const int errors[] = { 0, ENOSYS, EINVAL, EPERM };
	for (size_t i = 0; i < COUNTOF(errors); i++) {
		SCRATCH_AUTO s;
		scratch_open(&s);
		scratch_file(s.fd, "file", "1");
		scratch_file(s.fd, "there", "2");
		scratch_dir(s.fd, "dir");
		scratch_dir(s.fd, "empty");
		struct rename_case c = { s.fd, errors[i] };
		int rc = scratch_fork(rename_filtered, &c);
		if (rc == 100)
			tap_skip("renaming without renameat2", "no seccomp filters here");
		else
			TAP_INT(rc, 0, "renaming does not replace, renameat2 giving errno %d",
			        errors[i]);
	}
}

static void test_small_calls(void)
{
	SCRATCH_AUTO s;
	scratch_open(&s);
	struct err e = ERR_INIT;
	FD_AUTO fd = -1;
	FD_AUTO twice = -1;
	TAP_OK(dir_create_file(s.fd, "new", 0640, &fd, &e) == 0, "a file is created");
	TAP_OK(dir_create_file(s.fd, "new", 0640, &twice, &e) != 0 && e.kind == ERR_KIND_CONFLICT,
	       "but not twice");
	err_clear(&e);
	scratch_link(s.fd, "dangling", "target");
	TAP_OK(dir_create_file(s.fd, "dangling", 0640, &twice, &e) != 0 &&
	               !scratch_has(s.fd, "target"),
	       "nor through a dangling link");
	err_clear(&e);
	TAP_OK(dir_create_file(s.fd, "..", 0640, &twice, &e) != 0 && e.kind == ERR_KIND_USAGE,
	       "nor with a name that is none");
	err_clear(&e);
	TAP_OK(dir_unlink(s.fd, "new", &e) == 0 && dir_unlink(s.fd, "new", &e) == 0,
	       "unlinking what is absent is fine");
	TAP_OK(dir_sync(s.fd, &e) == 0 && dir_sync_all(s.fd, &e) == 0, "directories are synced");
	struct dir_space space;
	TAP_OK(dir_space(s.fd, &space, &e) == 0 && space.total_bytes >= space.free_bytes &&
	               space.total_bytes > 0,
	       "a file system has a size");
}

/* ---- paths of the user ---- */

static void test_user_parent(void)
{
	static const struct {
		const char *path;
		const char *name; /* NULL: refused */
	} parents[] = {
		{ "/tmp", "tmp" }, { "/tmp/x//", "x" }, { "x", "x" },        { "./x", "x" },
		{ "/", NULL },     { "", NULL },        { ".", NULL },       { "a/.", NULL },
		{ "..", NULL },    { "//", NULL },      { "/tmp/..", NULL }, { "/tmp/../", NULL },
	};
	for (size_t i = 0; i < COUNTOF(parents); i++) {
		struct err e = ERR_INIT;
		FD_AUTO fd = -1;
		char name[DIR_NAME_MAX + 1] = "";
		int rc = dir_open_user_parent(parents[i].path, &fd, name, &e);
		if (parents[i].name)
			TAP_OK(rc == 0 && strcmp(name, parents[i].name) == 0, "\"%s\" ends in %s",
			       parents[i].path, parents[i].name);
		else
			TAP_OK(rc != 0 && e.kind == ERR_KIND_USAGE, "\"%s\" does not end in a name",
			       parents[i].path);
	}
}

static void test_user_paths(void)
{
	SCRATCH_AUTO s;
	scratch_open(&s);
	make_fixture(s.fd);
	char path[200];
	struct err e = ERR_INIT;
	FD_AUTO a = -1;
	FD_AUTO b = -1;
	FD_AUTO c = -1;
	snprintf(path, sizeof(path), "%s/to_dir/sub", s.path);
	TAP_OK(dir_open_root(path, &a, &e) == 0, "the user's own links are followed");
	snprintf(path, sizeof(path), "%s/to_dir/new/../other/leaf", s.path);
	TAP_OK(dir_make_root(path, &b, &e) == 0 && scratch_has(s.fd, "dir/other/leaf"),
	       "and missing directories are made behind them: %s", e.msg);
	snprintf(path, sizeof(path), "%s/to_file", s.path);
	TAP_OK(dir_open_user_file(path, false, &c, &e) == 0, "a file behind a link is opened");
	file_close_auto(&c);
	snprintf(path, sizeof(path), "%s/fifo", s.path);
	TAP_OK(dir_open_user_file(path, false, &c, &e) != 0 && e.kind == ERR_KIND_DATA,
	       "a FIFO is refused at once");
	err_clear(&e);
	snprintf(path, sizeof(path), "%s/file", s.path);
	TAP_OK(dir_open_root(path, &c, &e) != 0 && e.kind == ERR_KIND_NOT_FOUND,
	       "a file in place of a directory: %s", e.msg);
	err_clear(&e);
	TAP_OK(dir_make_root(path, &c, &e) != 0, "is not made a directory");
	err_clear(&e);
	TAP_OK(dir_open_root("", &c, &e) != 0 && e.kind == ERR_KIND_USAGE,
	       "the empty path is refused");
}

/* ---- a directory that turns into a link and back ---- */

struct swap {
	int base;
	atomic_bool stop;
};

static void *keep_swapping(void *arg)
{
	struct swap *swap = arg;
	while (!swap->stop)
		renameat2(swap->base, "dir", swap->base, "evil", RENAME_EXCHANGE);
	return NULL;
}

/* How often a racing path was opened; -1 when anything outside was reached. */
static int race(int base, int outside_sub)
{
	struct stat canary, opened;
	struct swap swap = { .base = base };
	pthread_t thread;
	int hits = 0;
	fstat(outside_sub, &canary);
	if (pthread_create(&thread, NULL, keep_swapping, &swap) != 0)
		return -1;
	for (int i = 0; i < 4000 && hits >= 0; i++) {
		struct err e = ERR_INIT;
		FD_AUTO fd = -1;
		int rc = i % 2 ? dir_open(base, "dir/sub", &fd, &e)
		               : dir_make(base, "dir/made/below", 0755, &fd, &e);
		if (rc == 0 && fstat(fd, &opened) == 0)
			hits = opened.st_ino == canary.st_ino ? -1 : hits + 1;
	}
	swap.stop = true;
	pthread_join(thread, NULL);
	return hits;
}

struct race_case {
	int base, outside_sub;
	bool filter;
};

static int race_in_child(void *arg)
{
	struct race_case *c = arg;
	if (c->filter && !seccomp_refuse(SYS_openat2, ENOSYS))
		return 100;
	int hits = race(c->base, c->outside_sub);
	return hits < 0 ? 1 : (hits == 0 ? 2 : 0);
}

static void test_race(void)
{
	for (int filter = 0; filter < 2; filter++) {
		SCRATCH_AUTO inside;
		SCRATCH_AUTO outside;
		scratch_open(&inside);
		scratch_open(&outside);
		scratch_dir(inside.fd, "dir");
		scratch_dir(inside.fd, "dir/sub");
		scratch_dir(outside.fd, "sub");
		scratch_link(inside.fd, "evil", outside.path);
		FD_AUTO sub = openat(outside.fd, "sub", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		struct race_case c = { inside.fd, sub, filter };
		int rc = scratch_fork(race_in_child, &c);
		if (rc == 100)
			tap_skip("racing without openat2", "no seccomp filters here");
		else
			TAP_INT(rc, 0, "a swapped link is never followed (%s openat2)",
			        filter ? "without" : "with");
		TAP_OK(!scratch_has(outside.fd, "made"), "and nothing is made outside");
	}
}

int main(void)
{
	umask(022);
	test_table();
	test_long_paths();
	test_content();
	test_replace();
	test_list();
	test_rename();
	test_small_calls();
	test_user_parent();
	test_user_paths();
	test_race();
	return tap_done();
}
