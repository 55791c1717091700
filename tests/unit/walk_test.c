/* The order of a walk, and what it does about depth, mounts and things that vanish. */
#include "os/walk.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "base/buf.h"
#include "os/sys.h"
#include "scratch.h"
#include "tap.h"

/* A walk as one text: "d/ d/f d/< e" ('/' behind directories, '<' for the second time, '!' for
 * errors). */
static void trace(int fd, struct walk_options options, const char *skip, struct buf *out)
{
	struct err e = ERR_INIT;
	WALK_AUTO walk = NULL;
	struct walk_entry entry;
	int rc;
	if (walk_open(fd, &options, &walk, &e) != 0) {
		buf_add_text(out, "!");
		return;
	}
	while ((rc = walk_next(walk, &entry, &e)) != 0) {
		buf_add_text(out, out->len > 0 ? " " : "");
		if (rc < 0) {
			buf_add_text(out, "!");
			err_clear(&e);
			continue;
		}
		struct stat st;
		bool found = fstatat(entry.dirfd, entry.name, &st, AT_SYMLINK_NOFOLLOW) == 0;
		buf_add_text(out, entry.path);
		buf_add_text(out, entry.after ? "<" : file_is_dir(&entry.stat) ? "/" : "");
		if (!found || (st.st_mode & S_IFMT) != (entry.stat.mode & S_IFMT))
			buf_add_text(out, "?");
		if (skip && strcmp(entry.path, skip) == 0)
			walk_skip(walk);
	}
}

static void make_tree(int fd)
{
	scratch_dir(fd, "b");
	scratch_dir(fd, "b/empty");
	scratch_dir(fd, "b/full");
	scratch_file(fd, "b/full/2", "");
	scratch_file(fd, "b/full/10", "");
	scratch_file(fd, "b.c", "");
	scratch_file(fd, "B", "");
	scratch_link(fd, "to_b", "b");
	mkfifoat(fd, "fifo", 0600);
}

static void test_order(void)
{
	static const struct {
		struct walk_options options;
		const char *skip;
		const char *want;
		const char *sentence;
	} cases[] = {
		{ { .no_stat = false },
		  NULL,
		  "B b/ b/empty/ b/full/ b/full/10 b/full/2 b.c fifo to_b",
		  "names come sorted, a directory before its content, links as links" },
		{ { .no_stat = true },
		  NULL,
		  "B b/ b/empty/ b/full/ b/full/10 b/full/2 b.c fifo to_b",
		  "types are known without metadata" },
		{ { .key_order = true },
		  NULL,
		  "B b.c b/ b/empty/ b/full/ b/full/10 b/full/2 fifo to_b",
		  "in the order of keys b.c comes before b/full" },
		{ { .directories_after = true },
		  NULL,
		  "B b/ b/empty/ b/empty< b/full/ b/full/10 b/full/2 b/full< b< b.c fifo to_b",
		  "directories come again after their content" },
		{ { .directories_after = true },
		  "b",
		  "B b/ b.c fifo to_b",
		  "a skipped one does not" },
		{ { .one_file_system = true },
		  "b/full",
		  "B b/ b/empty/ b/full/ b.c fifo to_b",
		  "an inner directory is skipped" },
	};
	SCRATCH_AUTO s;
	scratch_open(&s);
	make_tree(s.fd);
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		BUF_AUTO text = buf_make(4096);
		trace(s.fd, cases[i].options, cases[i].skip, &text);
		TAP_TEXT(text.p, cases[i].want, "%s", cases[i].sentence);
	}
	BUF_AUTO text = buf_make(4096);
	trace(s.fd, (struct walk_options){ .unsorted = true }, NULL, &text);
	TAP_INT(text.len, strlen(cases[0].want), "unsorted, all names come too");
}

static void test_empty(void)
{
	SCRATCH_AUTO s;
	scratch_open(&s);
	BUF_AUTO text = buf_make(4096);
	trace(s.fd, (struct walk_options){ .directories_after = true }, NULL, &text);
	TAP_TEXT(text.p, "", "an empty directory gives nothing");
	FD_AUTO file = -1;
	struct err e = ERR_INIT;
	struct walk *walk;
	scratch_file(s.fd, "f", "");
	file = openat(s.fd, "f", O_RDONLY | O_CLOEXEC);
	TAP_OK(walk_open(file, &(struct walk_options){ 0 }, &walk, &e) != 0,
	       "a file can't be walked");
}

static void test_metadata(void)
{
	SCRATCH_AUTO s;
	scratch_open(&s);
	scratch_dir(s.fd, "d");
	scratch_file(s.fd, "d/f", "12345");
	struct err e = ERR_INIT;
	struct walk_entry entry;
	WALK_AUTO walk = NULL;
	TAP_OK(walk_open(s.fd, &(struct walk_options){ 0 }, &walk, &e) == 0, "a walk begins");
	TAP_OK(walk_next(walk, &entry, &e) == 1 && entry.depth == 0 && file_is_dir(&entry.stat),
	       "with a directory at depth 0");
	TAP_OK(walk_next(walk, &entry, &e) == 1 && entry.depth == 1 && entry.stat.size_bytes == 5,
	       "then a file with its size at depth 1");
	TAP_TEXT(entry.name, "f", "whose name is the end of its path");
	TAP_TEXT(entry.path, "d/f", "and whose path begins at the root of the walk");
	TAP_INT(walk_next(walk, &entry, &e), 0, "and there it ends");
	TAP_INT(walk_next(walk, &entry, &e), 0, "and stays there");
}

/* `depth` directories "d" in each other below `fd`, each with a file "z" beside it. */
static void make_chain(int fd, int depth)
{
	int at = dup(fd);
	for (int i = 0; i < depth; i++) {
		scratch_dir(at, "d");
		scratch_file(at, "z", "");
		int next = openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(at);
		at = next;
	}
	close(at);
}

static void test_deep(void)
{
	enum { DEPTH = 400 };
	SCRATCH_AUTO s;
	scratch_open(&s);
	make_chain(s.fd, DEPTH);
	struct rlimit kept;
	getrlimit(RLIMIT_NOFILE, &kept);
	static const rlim_t limits[] = { 200, 14 };
	for (size_t i = 0; i < COUNTOF(limits); i++) {
		struct rlimit few = { limits[i], kept.rlim_max };
		setrlimit(RLIMIT_NOFILE, &few);
		struct walk_options options = { .directories_after = true, .unsorted = i == 1 };
		struct err e = ERR_INIT;
		WALK_AUTO walk = NULL;
		struct walk_entry entry;
		int counts[3] = { 0 };
		int rc = walk_open(s.fd, &options, &walk, &e);
		while (rc == 0 && (rc = walk_next(walk, &entry, &e)) > 0) {
			counts[!file_is_dir(&entry.stat) ? 2 : entry.after]++;
			rc = faccessat(entry.dirfd, entry.name, F_OK, 0);
		}
		setrlimit(RLIMIT_NOFILE, &kept);
		TAP_OK(rc == 0 && counts[0] == DEPTH && counts[1] == DEPTH && counts[2] == DEPTH,
		       "%d levels are walked with %d descriptors: %s", DEPTH, (int)limits[i],
		       e.msg);
	}
}

static void test_vanishing(void)
{
	SCRATCH_AUTO s;
	scratch_open(&s);
	scratch_dir(s.fd, "a");
	scratch_file(s.fd, "b", "");
	scratch_file(s.fd, "c", "");
	struct err e = ERR_INIT;
	struct walk_entry entry;
	WALK_AUTO walk = NULL;
	TAP_OK(walk_open(s.fd, &(struct walk_options){ 0 }, &walk, &e) == 0 &&
	               walk_next(walk, &entry, &e) == 1,
	       "a directory is returned");
	unlinkat(s.fd, "a", AT_REMOVEDIR);
	unlinkat(s.fd, "b", 0);
	TAP_OK(walk_next(walk, &entry, &e) == -1 && e.kind == ERR_KIND_NOT_FOUND &&
	               !walk_failed(walk),
	       "that it is gone is said when it is entered: %s", e.msg);
	err_clear(&e);
	TAP_OK(walk_next(walk, &entry, &e) == -1 && strstr(e.msg, "b") && !walk_failed(walk),
	       "that a file is gone names it: %s", e.msg);
	err_clear(&e);
	TAP_OK(walk_next(walk, &entry, &e) == 1 && strcmp(entry.path, "c") == 0,
	       "and the walk goes on");
}

/* Directories that others took the place of, while their descriptors were closed, are noticed. */
static void test_moved_parent(void)
{
	enum { DEPTH = 120 };
	SCRATCH_AUTO s;
	scratch_open(&s);
	scratch_dir(s.fd, "walked");
	scratch_dir(s.fd, "other");
	FD_AUTO root = openat(s.fd, "walked", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	FD_AUTO other = openat(s.fd, "other", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	make_chain(root, DEPTH);
	make_chain(other, DEPTH);
	struct err e = ERR_INIT;
	struct walk_entry entry;
	WALK_AUTO walk = NULL;
	int rc = walk_open(root, &(struct walk_options){ .directories_after = true }, &walk, &e);
	unsigned files = 0;
	unsigned errors = 0;
	while (rc == 0 && (rc = walk_next(walk, &entry, &e)) != 0) {
		errors += rc < 0;
		files += rc > 0 && !file_is_dir(&entry.stat);
		if (rc > 0 && entry.depth == DEPTH - 1 && !entry.after && file_is_dir(&entry.stat))
			rc = renameat(root, "d", s.fd, "gone") + renameat(other, "d", root, "d");
		err_clear(&e);
		rc = 0;
	}
	TAP_OK(errors > 0 && files < DEPTH, "a parent that is another one now is an error");
	TAP_OK(files > 50, "what was held open is walked all the same");
}

static void test_speed(void)
{
	SCRATCH_AUTO s;
	scratch_open(&s);
	for (int d = 0; d < 100; d++) {
		char name[64];
		snprintf(name, sizeof(name), "dir%d", d);
		scratch_dir(s.fd, name);
		for (int f = 0; f < 50; f++) {
			snprintf(name, sizeof(name), "dir%d/file number %d", d, f * 7919 % 50);
			close(openat(s.fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
		}
	}
	struct err e = ERR_INIT;
	struct walk_entry entry;
	WALK_AUTO walk = NULL;
	unsigned count = 0;
	bool sorted = true;
	char last[128] = "";
	int64_t started_ms = sys_monotonic_ms();
	int rc = walk_open(s.fd, &(struct walk_options){ 0 }, &walk, &e);
	while (rc == 0 && walk_next(walk, &entry, &e) > 0) {
		sorted = sorted && (entry.depth == 0 || last[3] != entry.path[3] ||
		                    strcmp(last, entry.path) < 0);
		snprintf(last, sizeof(last), "%s", entry.path);
		count++;
	}
	tap_note("%u entries in %d ms", count, (int)(sys_monotonic_ms() - started_ms));
	TAP_INT(count, 5100, "all entries of a wide tree come");
	TAP_OK(sorted, "in order");
}

int main(void)
{
	umask(022);
	test_order();
	test_empty();
	test_metadata();
	test_deep();
	test_vanishing();
	test_moved_parent();
	test_speed();
	return tap_done();
}
