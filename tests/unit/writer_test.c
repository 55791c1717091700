/* What the writer puts into an archive, and what it tells of. */
#include "pack/writer.h"

#include <stdlib.h>

#include "pack.h"
#include "pack/member.h"
#include "pack/reader.h"
#include "tap.h"

struct noted {
	unsigned count;
	char text[4096];
};

static void note(void *ctx, const struct err *e)
{
	struct noted *n = ctx;
	n->count++;
	snprintf(n->text + strlen(n->text), sizeof(n->text) - strlen(n->text), "%s\n", e->msg);
}

/* The names in an archive, with spaces between. */
static void list(struct str archive, struct buf *out)
{
	struct err e = ERR_INIT;
	struct pack_source source = pack_source(archive, false);
	READER_AUTO r = NULL;
	const struct entry *entry;
	buf_clear(out);
	if (reader_open(&source.base, &(struct reader_options){ .jobs = 2 }, &r, &e)) {
		buf_add_text(out, e.msg);
		return;
	}
	while (reader_next(r, &entry, &e) == 1) {
		buf_add_text(out, out->len ? " " : "");
		buf_add_str(out, entry->path.len ? entry->path : S("."));
	}
	buf_add_text(out, e.msg);
}

static void small_tree(int fd)
{
	scratch_dir(fd, "d");
	scratch_file(fd, "d/x", "x");
	scratch_file(fd, "b", "b");
	scratch_link(fd, "c", "b");
	linkat(fd, "b", fd, "d/same", 0);
}

static void test_tree(void)
{
	SCRATCH_AUTO dir;
	scratch_open(&dir);
	small_tree(dir.fd);
	mkfifoat(dir.fd, "fifo", 0600);
	struct err e = ERR_INIT;
	struct noted noted = { .count = 0 };
	struct writer_options o = { .notice = note, .notice_ctx = &noted };
	struct writer_result r;
	BUF_AUTO out = buf_make(1 << 20), names = buf_make(1 << 16);
	TAP_OK(pack_write(dir.fd, &o, &out, &r, &e) == 0, "a tree is archived %s", e.msg);
	list(buf_str(&out), &names);
	TAP_TEXT(names.p, ". b c d d/same d/x", "with its root, in order, without the FIFO");
	TAP_OK(r.entries == 6 && r.files == 2 && r.skipped == 1 && r.content_bytes == 2 &&
	               r.archive_bytes == out.len,
	       "the result counts");
	TAP_OK(noted.count == 1 && strstr(noted.text, "'fifo' is left out"), "the FIFO is named");
}

static void test_paths(void)
{
	SCRATCH_AUTO dir;
	scratch_open(&dir);
	small_tree(dir.fd);
	static const struct {
		const char *paths[4];
		size_t count;
		const char *want;
	} table[] = {
		{ { "d", "b" }, 2, "b d d/same d/x" },
		{ { "d/x", "./d//", "d/x" }, 3, "d d/same d/x" },
		{ { "c" }, 1, "c" },
		{ { "." }, 1, ". b c d d/same d/x" },
	};
	for (size_t i = 0; i < COUNTOF(table); i++) {
		struct err e = ERR_INIT;
		struct writer_result r;
		BUF_AUTO out = buf_make(1 << 20), names = buf_make(1 << 16);
		int rc = pack_paths(dir.fd, table[i].paths, table[i].count,
		                    &(struct writer_options){ .jobs = 1 }, &out, &r, &e);
		list(buf_str(&out), &names);
		TAP_OK(rc == 0, "paths are archived %s", e.msg);
		TAP_TEXT(names.p, table[i].want, "only what was asked for");
	}
	static const char *const bad[] = { "../x", "/etc", "absent", "b/x" };
	for (size_t i = 0; i < COUNTOF(bad); i++) {
		struct err e = ERR_INIT;
		struct writer_result r;
		BUF_AUTO out = buf_make(1 << 20);
		TAP_OK(pack_paths(dir.fd, &bad[i], 1, &(struct writer_options){ .jobs = 1 }, &out,
		                  &r, &e) == -1 &&
		               err_is(&e),
		       "%s is refused: %s", bad[i], e.msg);
	}
}

static void test_exclude(void)
{
	SCRATCH_AUTO dir;
	scratch_open(&dir);
	small_tree(dir.fd);
	scratch_file(dir.fd, "d/out.tgz", "old");
	scratch_file(dir.fd, "d/.ws-tmp-123", "part");
	struct err e = ERR_INIT;
	EXCLUDE_AUTO x = exclude_new();
	struct stat st;
	fstatat(dir.fd, "d", &st, 0);
	struct writer_output output = { st.st_dev, st.st_ino, "out.tgz" };
	struct writer_options o = { .exclude = x, .output = &output };
	struct writer_result r;
	BUF_AUTO out = buf_make(1 << 20), names = buf_make(1 << 16);
	TAP_OK(exclude_add(x, S("same"), &e) == 0 && pack_write(dir.fd, &o, &out, &r, &e) == 0,
	       "a tree with excludes is archived");
	list(buf_str(&out), &names);
	TAP_TEXT(names.p, ". b c d d/x", "what is excluded and the output itself are left out");
}

static void test_same_bytes(void)
{
	SCRATCH_AUTO dir;
	scratch_open(&dir);
	struct err e = ERR_INIT;
	struct writer_result r1, r2, r3;
	BUF_AUTO one = buf_make(64 << 20), two = buf_make(64 << 20), plain = buf_make(64 << 20);
	bool ok = pack_tree(dir.fd) &&
	          pack_write(dir.fd, &(struct writer_options){ .jobs = 1 }, &one, &r1, &e) == 0 &&
	          pack_write(dir.fd, &(struct writer_options){ .jobs = 4 }, &two, &r2, &e) == 0;
	TAP_OK(ok, "a tree is archived twice %s", e.msg);
	TAP_OK(str_eq(buf_str(&one), buf_str(&two)) && strcmp(r1.sha256, r2.sha256) == 0,
	       "the number of threads changes no byte");
	struct writer_options tar = { .format = WRITER_TAR, .order = true }, gz = { .order = true };
	TAP_OK(pack_write(dir.fd, &tar, &plain, &r3, &e) == 0 && r3.entries == r1.entries,
	       "a plain tar is written");
	buf_clear(&one);
	TAP_OK(pack_write(dir.fd, &gz, &one, &r1, &e) == 0, "and its like in members %s", e.msg);
	/* Member by member, the archive inflates to the plain tar. */
	struct member_opener *opener = member_opener_new();
	MEM_AUTO unsigned char *raw = mem_new(MEMBER_RAW_MAX, 1);
	size_t at = 0, tar_at = 0, members = 0, largest = 0;
	for (;;) {
		const unsigned char *p = (const unsigned char *)one.p + at;
		struct member_head head = member_look(p, one.len - at);
		uint32_t crc;
		if (head.kind != MEMBER_DATA || member_unpack(opener, p, &head, raw, &crc, &e) ||
		    !str_eq(str_from(raw, head.raw_len),
		            str_head(str_skip(buf_str(&plain), tar_at), head.raw_len)))
			break;
		at += head.packed_len;
		tar_at += head.raw_len;
		largest = head.raw_len > largest ? head.raw_len : largest;
		members++;
	}
	member_opener_free(opener);
	TAP_OK(tar_at == plain.len && tar_at % 512 == 0, "the members are the tar");
	TAP_OK(members > 3 && largest == 4 << 20, "cut every 4 MiB at most (%zu members)", members);
}

static void test_reproducible(void)
{
	SCRATCH_AUTO dir;
	scratch_open(&dir);
	small_tree(dir.fd);
	struct err e = ERR_INIT;
	struct writer_options o = { .reproducible = true, .mtime_max_s = 1000 };
	struct writer_result r;
	BUF_AUTO out = buf_make(1 << 20);
	bool ok = pack_write(dir.fd, &o, &out, &r, &e) == 0;
	struct pack_source source = pack_source(buf_str(&out), false);
	READER_AUTO reader = NULL;
	const struct entry *entry;
	unsigned count = 0;
	ok = ok &&
	     reader_open(&source.base, &(struct reader_options){ .jobs = 1 }, &reader, &e) == 0;
	while (ok && reader_next(reader, &entry, &e) == 1) {
		ok = entry->uid == 0 && entry->gid == 0 && entry->mtime_s == 1000 &&
		     entry->mtime_ns == 0;
		count++;
	}
	TAP_OK(ok && count == 6, "owner and time say nothing of this machine");
}

/* A sink that fails after some bytes, as a full disk does. */
struct full {
	struct sink base;
	size_t room;
};

static int full_write(struct sink *s, const void *p, size_t len, struct err *e)
{
	struct full *f = (struct full *)s;
	(void)p;
	if (len > f->room)
		return err_set(e, ERR_KIND_IO, "no space left");
	f->room -= len;
	return 0;
}

static void test_sink_fails(void)
{
	SCRATCH_AUTO dir;
	scratch_open(&dir);
	bool made = pack_tree(dir.fd);
	unsigned right = 0, tried = 0;
	for (size_t room = 0; room < 12 << 20; room += 3 << 20, tried++) {
		struct err e = ERR_INIT;
		struct full sink = { { .write = full_write }, room };
		struct writer_result r;
		int rc = writer_tree(dir.fd, NULL, 0,
		                     &(struct writer_options){ .jobs = 2, .keep_going = true },
		                     &sink.base, &r, &e);
		right += rc == -1 && strcmp(e.msg, "write the archive: no space left") == 0;
	}
	TAP_OK(made && right == tried, "a sink that fails ends it, whenever that is");
}

static void test_unreadable(void)
{
	if (geteuid() == 0) {
		tap_skip("an unreadable file ends it, or is left out", "root reads everything");
		return;
	}
	SCRATCH_AUTO dir;
	scratch_open(&dir);
	small_tree(dir.fd);
	fchmodat(dir.fd, "b", 0, 0);
	struct err e = ERR_INIT;
	struct writer_options o = { .jobs = 1 };
	struct writer_result r;
	BUF_AUTO out = buf_make(1 << 20);
	TAP_OK(pack_write(dir.fd, &o, &out, &r, &e) == -1 && e.kind == ERR_KIND_IO &&
	               strstr(e.msg, "'b'"),
	       "an unreadable file ends it: %s", e.msg);
	o.keep_going = true;
	buf_clear(&out);
	err_clear(&e);
	TAP_OK(pack_write(dir.fd, &o, &out, &r, &e) == 0 && r.unreadable == 2,
	       "or is left out and counted");
}

int main(void)
{
	test_tree();
	test_paths();
	test_exclude();
	test_same_bytes();
	test_reproducible();
	test_sink_fails();
	test_unreadable();
	return tap_done();
}
