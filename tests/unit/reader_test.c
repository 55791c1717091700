/* Reading archives: by headers, by index, by pieces, ours and others'. */
#include "pack/reader.h"

#include <stdlib.h>

#include "pack.h"
#include "tap.h"

static struct scratch dir;
static struct buf archive, plain;

static bool is_file(const struct entry *entry)
{
	return entry->type == ENTRY_TYPE_FILE;
}

/* The content of the present entry against the file of that name. `step` bytes at once; holes are asked for. */
static bool same_content(struct reader *r, const struct entry *entry, size_t step, bool holes)
{
	struct err e = ERR_INIT;
	char path[256];
	BUF_AUTO want = buf_make(64 << 20), got = buf_make(64 << 20);
	if (str_copy(entry->path, path, sizeof(path)))
		return false;
	FD_AUTO fd = openat(dir.fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || file_read_rest(fd, &want, &e, path))
		return false;
	for (;;) {
		size_t n;
		for (uint64_t hole = holes ? reader_hole(r) : 0; hole > 0; hole--)
			buf_add_char(&got, '\0');
		char *room = buf_room(&got, step);
		if (!room || reader_read(r, room, step, &n, &e))
			return false;
		buf_grew(&got, n);
		if (n == 0)
			return str_eq(buf_str(&want), buf_str(&got));
	}
}

static void test_all(const char *what, struct pack_source *source, bool foreign, size_t step,
                     bool holes)
{
	struct err e = ERR_INIT;
	READER_AUTO r = NULL;
	const struct entry *entry;
	struct reader_options o = { .jobs = 2, .foreign = foreign };
	unsigned files = 0, right = 0;
	int rc = reader_open(&source->base, &o, &r, &e);
	while (rc == 0 && (rc = reader_next(r, &entry, &e)) == 1) {
		/* Some are passed over in the middle. */
		if (is_file(entry) && ++files % 3 > 0)
			right += same_content(r, entry, step, holes);
		rc = 0;
	}
	TAP_OK(rc == 0 && right == files - files / 3 && files == 705,
	       "every file comes back: %s %s", what, e.msg);
}

static void test_reading(void)
{
	struct pack_source s = pack_source(buf_str(&archive), false);
	test_all("ours, with index", &s, false, 65536, false);
	s = pack_source(buf_str(&archive), false);
	test_all("ours, holes asked for", &s, false, 100001, true);
	s = pack_source(buf_str(&archive), false);
	test_all("ours, as a foreign one", &s, true, 65536, false);
	s = pack_source(buf_str(&archive), true);
	test_all("ours, from a pipe", &s, false, 7777, false);
	TAP_OK(!s.out_of_order, "a pipe is read in order");
	s = pack_source(buf_str(&plain), false);
	test_all("a plain tar", &s, false, 65536, true);
	s = pack_source(buf_str(&plain), true);
	test_all("a plain tar from a pipe", &s, false, 65536, false);
	TAP_OK(!s.out_of_order, "and that is read in order too");
}

static void test_index(void)
{
	struct err e = ERR_INIT;
	struct pack_source s = pack_source(buf_str(&archive), false);
	READER_AUTO r = NULL;
	READER_AUTO other = NULL;
	const struct entry *a, *b;
	struct reader_options o = { .jobs = 2 };
	TAP_OK(reader_open(&s.base, &o, &r, &e) == 0 && reader_is_indexed(r), "an index is seen");
	struct pack_source s2 = pack_source(buf_str(&archive), false);
	bool same = reader_open(&s2.base, &o, &other, &e) == 0;
	unsigned count = 0;
	while (same && reader_index_next(r, &a, &e) == 1) {
		same = reader_next(other, &b, &e) == 1 && str_eq(a->path, b->path) &&
		       a->size_bytes == b->size_bytes && a->mtime_s == b->mtime_s &&
		       a->mtime_ns == b->mtime_ns && a->mode == b->mode &&
		       str_eq(a->link, b->link) && (reader_index_sha256(r) != NULL) == is_file(a);
		count++;
	}
	TAP_OK(same && count == 711 && reader_next(other, &b, &e) == 0,
	       "the index says what the headers say");
	TAP_OK(s.read_bytes < 200000, "and is read alone (%llu bytes)",
	       (unsigned long long)s.read_bytes);
	struct pack_source p = pack_source(buf_str(&plain), false);
	READER_AUTO bare = NULL;
	TAP_OK(reader_open(&p.base, &o, &bare, &e) == 0 && !reader_is_indexed(bare) &&
	               reader_index_next(bare, &a, &e) == -1 && e.kind == ERR_KIND_NOT_FOUND,
	       "a plain tar has none");
}

static void test_find(void)
{
	static const char *const names[] = { "many/699", "a",     "./many//003", "empty",
		                             "sparse",   "large", "d/e/medium" };
	const struct entry *entry;
	struct reader_options o = { .jobs = 2 };
	for (size_t i = 0; i < COUNTOF(names); i++) {
		struct err e = ERR_INIT;
		struct pack_source s = pack_source(buf_str(&archive), false);
		READER_AUTO r = NULL;
		bool ok = reader_open(&s.base, &o, &r, &e) == 0 &&
		          reader_find(r, str_of(names[i]), &entry, &e) == 1 &&
		          same_content(r, entry, 65536, false);
		TAP_OK(ok, "%s is found %s", names[i], e.msg);
		if (strcmp(names[i], "large") != 0)
			TAP_OK(s.reads <= 3, "with three reads at most (%u)", s.reads);
	}
	struct err e = ERR_INIT;
	struct pack_source s = pack_source(buf_str(&archive), false),
			   p = pack_source(buf_str(&plain), false);
	READER_AUTO r = NULL;
	READER_AUTO bare = NULL;
	bool ok = reader_open(&s.base, &o, &r, &e) == 0 && reader_open(&p.base, &o, &bare, &e) == 0;
	for (size_t i = 0; ok && i < COUNTOF(names); i++)
		ok = reader_find(r, str_of(names[i]), &entry, &e) == 1 &&
		     same_content(r, entry, 65536, false) &&
		     reader_find(bare, str_of(names[i]), &entry, &e) == 1 &&
		     same_content(bare, entry, 65536, false);
	TAP_OK(ok, "several files are found one after the other, with and without index %s", e.msg);
	TAP_OK(reader_find(r, S("d/hard"), &entry, &e) == 1 && str_is(entry->path, "a") &&
	               same_content(r, entry, 100, false) &&
	               reader_find(bare, S("d/hard"), &entry, &e) == 1 &&
	               same_content(bare, entry, 100, false),
	       "a hardlink leads to its file %s", e.msg);
	TAP_OK(reader_find(r, S("link"), &entry, &e) == 1 && entry->type == ENTRY_TYPE_SYMLINK,
	       "a symlink is not followed");
	static const char *const absent[] = { "nothing", "many/700", "a/b" };
	for (size_t i = 0; i < COUNTOF(absent); i++) {
		err_clear(&e);
		TAP_OK(reader_find(r, str_of(absent[i]), &entry, &e) == -1 &&
		               e.kind == ERR_KIND_NOT_FOUND,
		       "%s", e.msg);
	}
	err_clear(&e);
	TAP_OK(reader_find(r, S("../a"), &entry, &e) == -1 && e.kind == ERR_KIND_USAGE, "%s",
	       e.msg);
}

static int verify(struct str bytes, const struct limits *limits, struct err *e)
{
	struct pack_source s = pack_source(bytes, false);
	struct reader_options o = { .jobs = 2, .limits = limits };
	struct reader_check check;
	err_clear(e);
	return reader_verify(&s.base, &o, &check, e);
}

static void test_verify(void)
{
	struct err e = ERR_INIT;
	TAP_OK(verify(buf_str(&archive), NULL, &e) == 0, "ours is whole %s", e.msg);
	TAP_OK(verify(buf_str(&plain), NULL, &e) == 0, "so is the plain tar %s", e.msg);
	unsigned found = 0, tried = 0;
	for (size_t at = 0; at < archive.len; at += archive.len / 60 + 1, tried++) {
		archive.p[at] = (char)(archive.p[at] ^ 0x10);
		found += verify(buf_str(&archive), NULL, &e) == -1 && e.kind == ERR_KIND_DATA;
		archive.p[at] = (char)(archive.p[at] ^ 0x10);
	}
	TAP_OK(found == tried, "each of %u flipped bits is found", tried);
	found = tried = 0;
	for (size_t len = 0; len < archive.len; len += archive.len / 40 + 1, tried++)
		found += verify(str_head(buf_str(&archive), len), NULL, &e) == -1 &&
		         e.kind == ERR_KIND_DATA;
	TAP_OK(found == tried, "each of %u shorter ones is found", tried);
}

static void test_limits(void)
{
	struct err e = ERR_INIT;
	struct limits table[5];
	for (size_t i = 0; i < COUNTOF(table); i++)
		table[i] = limits_default();
	table[0].max_entries = 700;
	table[1].max_bytes = 10 << 20;
	table[2].max_name_bytes = 5;
	table[3].max_members = 3;
	table[4].max_sparse = 1;
	for (size_t i = 0; i < COUNTOF(table); i++) {
		TAP_OK(verify(buf_str(&archive), &table[i], &e) == -1 && e.kind == ERR_KIND_DATA,
		       "%s", e.msg);
		struct pack_source pipe = pack_source(buf_str(&archive), true);
		struct reader_options o = { .jobs = 2, .limits = &table[i] };
		struct reader_check check;
		err_clear(&e);
		TAP_OK(reader_verify(&pipe.base, &o, &check, &e) == -1 && e.kind == ERR_KIND_DATA,
		       "%s (from a pipe)", e.msg);
	}
}

int main(void)
{
	scratch_open(&dir);
	bool made = pack_both(dir.fd, &archive, &plain);
	if (made) {
		test_reading();
		test_index();
		test_find();
		test_verify();
		test_limits();
	}
	buf_free(&archive);
	buf_free(&plain);
	scratch_close(&dir);
	return tap_done();
}
