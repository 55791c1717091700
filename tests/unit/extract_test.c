/* Unpacking: the same tree comes back, and nothing else happens. */
#include "pack/extract.h"

#include <stdlib.h>
#include <sys/resource.h>

#include "os/walk.h"
#include "pack.h"
#include "pack/pathset.h"
#include "pack/tar.h"
#include "tap.h"

static struct scratch dir;
static struct buf archive, plain;

static int unpack(struct str bytes, int to, struct extract_options *o, struct extract_result *r,
                  struct err *e)
{
	struct pack_source s = pack_source(bytes, false);
	err_clear(e);
	return extract_tree(&s.base, to, o, r, e);
}

/* Whether both trees are the same: names, types, modes, times, sizes, targets, content of some. */
static bool same_trees(int a, int b, unsigned *count)
{
	struct err e = ERR_INIT;
	WALK_AUTO one = NULL;
	WALK_AUTO two = NULL;
	struct walk_entry x, y;
	struct walk_options o = { .no_stat = false };
	*count = 0;
	if (walk_open(a, &o, &one, &e) || walk_open(b, &o, &two, &e))
		return false;
	while (walk_next(one, &x, &e) == 1) {
		char t1[256] = "", t2[256] = "";
		if (walk_next(two, &y, &e) != 1 || strcmp(x.path, y.path) != 0 ||
		    x.stat.mode != y.stat.mode || x.stat.mtime_s != y.stat.mtime_s ||
		    x.stat.mtime_ns != y.stat.mtime_ns ||
		    (!file_is_dir(&x.stat) && x.stat.size_bytes != y.stat.size_bytes) ||
		    (!file_is_dir(&x.stat) && x.stat.nlink != y.stat.nlink))
			return false;
		if (readlinkat(a, x.path, t1, sizeof(t1) - 1) !=
		            readlinkat(b, y.path, t2, sizeof(t2) - 1) ||
		    strcmp(t1, t2) != 0)
			return false;
		if (file_is_regular(&x.stat) && ++*count % 5 == 0 && !pack_same_file(a, b, x.path))
			return false;
	}
	return walk_next(two, &y, &e) == 0;
}

static void test_round_trip(void)
{
	static const struct {
		const char *what;
		unsigned jobs;
		bool plain, foreign;
		size_t kept;
	} table[] = {
		{ "ours, one thread", 1, false, false, 0 },
		{ "ours, two threads", 2, false, false, 0 },
		{ "ours, five threads", 5, false, false, 0 },
		{ "ours by libarchive", 2, false, true, 0 },
		{ "a plain tar", 2, true, false, 0 },
		{ "ours, knowing nothing", 2, false, false, 1 },
		{ "ours, knowing a hundred paths", 2, false, false, 100 },
		{ "a plain tar, knowing 5 paths", 2, true, false, 5 },
	};
	for (size_t i = 0; i < COUNTOF(table); i++) {
		struct scratch to;
		struct err e = ERR_INIT;
		struct extract_options o = { .jobs = table[i].jobs,
			                     .foreign = table[i].foreign,
			                     .kept = table[i].kept };
		struct extract_result r;
		unsigned count;
		scratch_open(&to);
		int rc = unpack(buf_str(table[i].plain ? &plain : &archive), to.fd, &o, &r, &e);
		TAP_OK(rc == 0 && same_trees(dir.fd, to.fd, &count) && count > 700,
		       "%s: the same tree %s", table[i].what, e.msg);
		/* For others what comes again is there twice. */
		TAP_OK((r.entries == 711 || (table[i].foreign && r.entries > 711)) &&
		               r.skipped == 0,
		       "%s: all entries are counted", table[i].what);
		struct stat st;
		TAP_OK(fstatat(to.fd, "sparse", &st, 0) == 0 && st.st_blocks * 512 < st.st_size,
		       "%s: holes stay holes", table[i].what);
		scratch_close(&to);
	}
}

static void test_umask(void)
{
	struct scratch to;
	struct err e = ERR_INIT;
	struct extract_options o = { .jobs = 2 };
	struct extract_result r;
	unsigned count;
	scratch_open(&to);
	mode_t before = umask(077);
	int rc = unpack(buf_str(&archive), to.fd, &o, &r, &e);
	umask(before);
	TAP_OK(rc == 0 && same_trees(dir.fd, to.fd, &count), "modes do not depend on the umask %s",
	       e.msg);
	scratch_close(&to);
}

static void test_few_descriptors(void)
{
	struct scratch from, to;
	struct err e = ERR_INIT;
	struct extract_options o = { .jobs = 2 };
	struct extract_result r;
	struct writer_result w;
	char name[64];
	unsigned count;
	BUF_AUTO out = buf_make(8 << 20);
	scratch_open(&from);
	scratch_open(&to);
	for (unsigned i = 0; i < 900; i++) {
		snprintf(name, sizeof(name), "dir%03u", i);
		scratch_dir(from.fd, name);
		snprintf(name, sizeof(name), "dir%03u/f", i);
		scratch_file(from.fd, name, name);
	}
	struct rlimit kept, few;
	getrlimit(RLIMIT_NOFILE, &kept);
	few = kept;
	few.rlim_cur = 256;
	bool ok = pack_write(from.fd, &(struct writer_options){ .jobs = 1 }, &out, &w, &e) == 0;
	setrlimit(RLIMIT_NOFILE, &few);
	ok = ok && unpack(buf_str(&out), to.fd, &o, &r, &e) == 0;
	setrlimit(RLIMIT_NOFILE, &kept);
	TAP_OK(ok && same_trees(from.fd, to.fd, &count) && count == 900,
	       "900 directories do with 256 descriptors %s", e.msg);
	scratch_close(&to);
	scratch_open(&to);
	o.kept = 1;
	TAP_OK(unpack(buf_str(&out), to.fd, &o, &r, &e) == 0 && same_trees(from.fd, to.fd, &count),
	       "and with knowing one at a time %s", e.msg);
	scratch_close(&from);
	scratch_close(&to);
}

static void test_patterns_and_strip(void)
{
	static const struct {
		const char *patterns[3];
		size_t count;
		unsigned strip;
		const char *has, *has_not;
		uint64_t entries;
	} table[] = {
		{ { "many/00?" }, 1, 0, "many/003", "a", 10 },
		{ { "d", "./empty" }, 2, 0, "d/e/medium", "many", 5 },
		{ { "d/" }, 1, 1, "hard", "d", 3 },
		{ { "nothing" }, 1, 0, ".", "a", 0 },
		{ { "d/hard" }, 1, 0, "d/hard", "a", 1 },
		{ { NULL }, 0, 1, "hard", "a", 703 },
	};
	for (size_t n = 0; n < 2 * COUNTOF(table); n++) {
		size_t i = n / 2;
		struct scratch to;
		struct err e = ERR_INIT;
		struct extract_options o = { .jobs = 2,
			                     .kept = n % 2,
			                     .patterns = table[i].patterns,
			                     .pattern_count = table[i].count,
			                     .strip = table[i].strip };
		struct extract_result r;
		scratch_open(&to);
		BUF_AUTO fresh = buf_make(64 << 20);
		struct writer_result w;
		int rc = pack_write(dir.fd, &(struct writer_options){ .jobs = 2 }, &fresh, &w, &e);
		rc = rc ? rc : unpack(buf_str(&fresh), to.fd, &o, &r, &e);
		TAP_OK(rc == 0 && r.entries == table[i].entries &&
		               scratch_has(to.fd, table[i].has) &&
		               !scratch_has(to.fd, table[i].has_not),
		       "pattern %s, %u stripped (%llu) %s",
		       table[i].count ? table[i].patterns[0] : "none", table[i].strip,
		       (unsigned long long)r.entries, e.msg);
		scratch_close(&to);
	}
}

static void test_not_empty(void)
{
	static const char *const there[] = { "a", "d/e/medium", "link", "many" };
	for (size_t i = 0; i < COUNTOF(there); i++) {
		struct scratch to, outside;
		struct err e = ERR_INIT;
		struct extract_options o = { .jobs = 2 };
		struct extract_result r;
		scratch_open(&to);
		scratch_open(&outside);
		scratch_file(outside.fd, "mine", "mine");
		if (strchr(there[i], '/'))
			scratch_link(to.fd, "d", outside.path);
		else
			scratch_link(to.fd, there[i], outside.path);
		int rc = unpack(buf_str(&archive), to.fd, &o, &r, &e);
		TAP_OK(rc == -1 && e.kind == ERR_KIND_DATA, "a link that was there is not used: %s",
		       e.msg);
		TAP_OK(!scratch_has(outside.fd, "e") && !scratch_has(outside.fd, "003"),
		       "nothing was made behind it");
		scratch_close(&to);
		scratch_close(&outside);
	}
}

static void note(void *ctx, const struct err *e)
{
	unsigned *count = ctx;
	*count += strstr(e->msg, "is left out") != NULL;
}

/* A tar of these entries, without content. */
static void make_tar(const struct entry *entries, size_t count, struct buf *out)
{
	static const char zeros[TAR_END];
	struct err e = ERR_INIT;
	struct tar_scratch s;
	struct tar_head head;
	tar_scratch_init(&s);
	buf_clear(out);
	for (size_t i = 0; i < count; i++)
		if (tar_format(&entries[i], &s, out, &head, &e))
			break;
	buf_add(out, zeros, sizeof(zeros));
	tar_scratch_free(&s);
}

static void test_hostile(void)
{
	const struct {
		const char *what;
		struct entry entries[4];
		size_t count;
		bool refused;
	} table[] = {
		{ "up", { { .path = S("../x") } }, 1, true },
		{ "through a symlink",
		  { { .type = ENTRY_TYPE_SYMLINK, .path = S("l"), .link = S("/tmp") },
		    { .path = S("l/x") } },
		  2,
		  true },
		{ "hardlink out",
		  { { .type = ENTRY_TYPE_HARDLINK, .path = S("h"), .link = S("../x") } },
		  1,
		  true },
		{ "hardlink to what is not there",
		  { { .type = ENTRY_TYPE_HARDLINK, .path = S("h"), .link = S("x") } },
		  1,
		  true },
		{ "directory becomes symlink",
		  { { .type = ENTRY_TYPE_DIR, .path = S("d") },
		    { .type = ENTRY_TYPE_SYMLINK, .path = S("d"), .link = S("/tmp") } },
		  2,
		  true },
		{ "symlink to itself",
		  { { .type = ENTRY_TYPE_SYMLINK, .path = S("s"), .link = S("s") } },
		  1,
		  false },
		{ "the same file twice",
		  { { .path = S("f") }, { .path = S("f"), .mode = 0600 } },
		  2,
		  false },
		{ "hardlink chain",
		  { { .path = S("f") },
		    { .type = ENTRY_TYPE_HARDLINK, .path = S("g"), .link = S("f") },
		    { .type = ENTRY_TYPE_HARDLINK, .path = S("h"), .link = S("g") } },
		  3,
		  false },
		{ "hardlink to a symlink",
		  { { .type = ENTRY_TYPE_SYMLINK, .path = S("s"), .link = S("/etc/passwd") },
		    { .type = ENTRY_TYPE_HARDLINK, .path = S("g"), .link = S("s") } },
		  2,
		  false },
		{ "the root named last",
		  { { .path = S("f") }, { .type = ENTRY_TYPE_DIR, .path = S(""), .mode = 0700 } },
		  2,
		  false },
	};
	BUF_AUTO out = buf_make(1 << 20);
	for (size_t n = 0; n < 3 * COUNTOF(table); n++) {
		size_t i = n / 3;
		struct scratch to;
		struct err e = ERR_INIT;
		struct extract_options o = { .jobs = 1, .kept = n % 3 };
		struct extract_result r;
		scratch_open(&to);
		make_tar(table[i].entries, table[i].count, &out);
		int rc = unpack(buf_str(&out), to.fd, &o, &r, &e);
		TAP_OK(table[i].refused ? rc == -1 && e.kind == ERR_KIND_DATA : rc == 0, "%s: %s",
		       table[i].what, table[i].refused ? e.msg : "as it is");
		scratch_close(&to);
	}
}

/* However little is known of what came before, the tree is the same. */
static void test_again(void)
{
	const struct entry table[][6] = {
		{ { .path = S("p"), .mode = 0600 },
		  { .type = ENTRY_TYPE_SYMLINK, .path = S("p"), .link = S("x") },
		  { .path = S("p"), .mode = 0640 },
		  { .path = S("q") } },
		{ { .type = ENTRY_TYPE_SYMLINK, .path = S("p"), .link = S("one") },
		  { .path = S("q") },
		  { .type = ENTRY_TYPE_SYMLINK, .path = S("p"), .link = S("two") } },
		{ { .path = S("f"), .mode = 0600 },
		  { .path = S("g"), .mode = 0640 },
		  { .type = ENTRY_TYPE_HARDLINK, .path = S("p"), .link = S("f") },
		  { .type = ENTRY_TYPE_HARDLINK, .path = S("p"), .link = S("g") } },
		{ { .path = S("f") },
		  { .type = ENTRY_TYPE_HARDLINK, .path = S("p"), .link = S("f") },
		  { .path = S("p"), .mode = 0600 },
		  { .type = ENTRY_TYPE_HARDLINK, .path = S("z"), .link = S("p") } },
		{ { .type = ENTRY_TYPE_SYMLINK, .path = S("a/s"), .link = S("x"), .mtime_s = 5 },
		  { .type = ENTRY_TYPE_HARDLINK, .path = S("h"), .link = S("a/s") },
		  { .type = ENTRY_TYPE_HARDLINK, .path = S("i"), .link = S("h") },
		  { .type = ENTRY_TYPE_DIR, .path = S("a"), .mode = 0700, .mtime_s = 7 } },
		{ { .type = ENTRY_TYPE_DIR, .path = S("d"), .mode = 0755, .mtime_s = 7 },
		  { .path = S("d/e/f") },
		  { .type = ENTRY_TYPE_DIR, .path = S("d/e"), .mode = 0700, .mtime_s = 8 },
		  { .type = ENTRY_TYPE_DIR, .path = S("d"), .mode = 0, .mtime_s = 9 },
		  { .path = S("d/g"), .mode = 0600 } },
		{ { .type = ENTRY_TYPE_DIR, .path = S(""), .mode = 0711, .mtime_s = 9 },
		  { .path = S("f"), .mode = 0600, .mtime_s = 3 },
		  { .path = S("f"), .mode = 0640, .mtime_s = 4 },
		  { .type = ENTRY_TYPE_HARDLINK, .path = S("h"), .link = S("f") } },
	};
	BUF_AUTO out = buf_make(1 << 20);
	for (size_t i = 0; i < COUNTOF(table); i++) {
		size_t count = 0;
		while (count < COUNTOF(table[i]) && table[i][count].path.p)
			count++;
		make_tar(table[i], count, &out);
		struct scratch all;
		scratch_open(&all);
		for (size_t kept = 0; kept < 5; kept++) {
			struct scratch to;
			struct stat a, b;
			struct err e = ERR_INIT;
			struct extract_options o = { .jobs = 2, .kept = kept };
			struct extract_result r;
			unsigned files;
			scratch_open(&to);
			int rc = unpack(buf_str(&out), kept ? to.fd : all.fd, &o, &r, &e);
			bool same = kept == 0 || same_trees(all.fd, to.fd, &files);
			fstat(all.fd, &a);
			fstat(kept ? to.fd : all.fd, &b);
			same = same && (i != 6 || (a.st_mode == b.st_mode && b.st_mtime == 9));
			TAP_OK(rc == 0 && same, "tree %zu, knowing %zu paths %s", i, kept, e.msg);
			scratch_close(&to);
		}
		scratch_close(&all);
	}
}

/* A hardlink that is asked for alone is the file that it meant when it came, however little is known of what came before. */
static void test_alone(void)
{
	const struct entry old = { .path = S("q"), .mode = 0600 };
	const struct entry new = { .path = S("q"), .mode = 0640 };
	const struct entry other = { .path = S("o"), .mode = 0400 };
	const struct entry p_to_q = { .type = ENTRY_TYPE_HARDLINK, .path = S("p"), .link = S("q") };
	const struct entry q_to_o = { .type = ENTRY_TYPE_HARDLINK, .path = S("q"), .link = S("o") };
	const struct {
		struct entry entries[4];
		mode_t mode; /* of p; 0: refused */
	} table[] = {
		{ { old, p_to_q }, 0600 },
		{ { old, p_to_q, new }, 0600 },
		{ { old, p_to_q, new, p_to_q }, 0640 },
		{ { other, old, q_to_o, p_to_q }, 0400 },
		{ { other, q_to_o, new, p_to_q }, 0640 },
		{ { p_to_q, new }, 0 },
	};
	BUF_AUTO out = buf_make(1 << 20);
	for (size_t n = 0; n < 4 * COUNTOF(table); n++) {
		size_t i = n / 4, count = 0;
		struct scratch to;
		struct stat st = { .st_mode = 0 };
		struct err e = ERR_INIT;
		struct extract_result r;
		const char *pattern = "p";
		struct extract_options o = { .jobs = 2, .kept = n % 4, .patterns = &pattern };
		o.pattern_count = 1;
		while (count < COUNTOF(table[i].entries) && table[i].entries[count].path.p)
			count++;
		make_tar(table[i].entries, count, &out);
		scratch_open(&to);
		int rc = unpack(buf_str(&out), to.fd, &o, &r, &e);
		bool right = rc == 0 && fstatat(to.fd, "p", &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		             (st.st_mode & 0777) == table[i].mode && st.st_nlink == 1 &&
		             !scratch_has(to.fd, "q");
		TAP_OK(table[i].mode ? right : rc == -1 && e.kind == ERR_KIND_DATA,
		       "hardlink %zu alone, knowing %zu paths: %s", i, n % 4, e.msg);
		scratch_close(&to);
	}
}

static void test_limits(void)
{
	struct limits table[4];
	for (size_t i = 0; i < COUNTOF(table); i++)
		table[i] = limits_default();
	table[0].max_depth = 2;
	table[1].max_bytes = 1 << 20;
	table[2].max_entries = 10;
	table[3].max_name_bytes = 5;
	for (size_t i = 0; i < COUNTOF(table); i++) {
		struct scratch to;
		struct err e = ERR_INIT;
		struct extract_result r;
		struct extract_options o = { .jobs = 2, .limits = &table[i] };
		scratch_open(&to);
		TAP_OK(unpack(buf_str(&archive), to.fd, &o, &r, &e) == -1 &&
		               e.kind == ERR_KIND_DATA,
		       "%s", e.msg);
		scratch_close(&to);
	}
}

/* Wherever the archive is cut or wrong, extraction ends with DATA, and no thread is left over. */
static void test_damage(void)
{
	unsigned right = 0, tried = 0;
	for (size_t at = 0; at < archive.len; at += archive.len / 25 + 1, tried++) {
		struct scratch to;
		struct err e = ERR_INIT;
		struct extract_result r;
		struct extract_options o = { .jobs = 2 };
		scratch_open(&to);
		archive.p[at] = (char)(archive.p[at] ^ 4);
		right += unpack(buf_str(&archive), to.fd, &o, &r, &e) == -1 &&
		         e.kind == ERR_KIND_DATA;
		archive.p[at] = (char)(archive.p[at] ^ 4);
		right += unpack(str_head(buf_str(&archive), at), to.fd, &o, &r, &e) == -1 &&
		         e.kind == ERR_KIND_DATA;
		scratch_close(&to);
	}
	TAP_OK(right == 2 * tried, "%u damaged and %u shorter archives end in an error", tried,
	       tried);
}

static void test_devices(void)
{
	const struct entry entries[] = { { .path = S("f") } };
	struct scratch to;
	struct err e = ERR_INIT;
	unsigned told = 0;
	struct extract_options o = { .jobs = 1, .notice = note, .notice_ctx = &told };
	struct extract_result r;
	BUF_AUTO out = buf_make(1 << 20);
	scratch_open(&to);
	make_tar(entries, 1, &out);
	/* The same header as a device: type and checksum change alike. */
	out.p[156] = '3';
	snprintf(out.p + 148, 8, "%06o", 0U);
	unsigned sum = 8 * ' ';
	for (size_t i = 0; i < 512; i++)
		sum += i < 148 || i >= 156 ? (unsigned char)out.p[i] : 0;
	snprintf(out.p + 148, 8, "%06o", sum);
	TAP_OK(unpack(buf_str(&out), to.fd, &o, &r, &e) == 0 && r.skipped == 1 && told == 1 &&
	               !scratch_has(to.fd, "f"),
	       "a device is left out, counted and told of %s", e.msg);
	scratch_close(&to);
}

static void test_pathset(void)
{
	struct pathset s;
	char name[32];
	pathset_init(&s);
	bool ok = true;
	for (unsigned i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "p/%u", i);
		ok = ok && !pathset_find(&s, str_of(name));
		pathset_put(&s, str_of(name), i);
	}
	for (unsigned i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "p/%u", i);
		const uint64_t *value = pathset_find(&s, str_of(name));
		ok = ok && value && *value == i;
	}
	TAP_OK(ok && !pathset_find(&s, S("p/")), "20,000 paths are told apart");
	pathset_free(&s);
}

int main(void)
{
	scratch_open(&dir);
	bool made = pack_both(dir.fd, &archive, &plain);
	test_pathset();
	if (made) {
		test_round_trip();
		test_umask();
		test_few_descriptors();
		test_patterns_and_strip();
		test_not_empty();
		test_hostile();
		test_again();
		test_alone();
		test_limits();
		test_damage();
		test_devices();
	}
	buf_free(&archive);
	buf_free(&plain);
	scratch_close(&dir);
	return tap_done();
}
