/* Headers: what is written is read back the same, and nothing else is read. */
#include "pack/tar.h"

#include <stdlib.h>

#include "base/mem.h"
#include "mutate.h"
#include "pack/names.h"
#include "tap.h"

static char name_100[101], name_200[201], name_long[5001];

static bool same(const struct entry *a, const struct entry *b)
{
	bool equal = str_eq(a->path, b->path) && a->type == b->type && a->mode == b->mode &&
	             a->uid == b->uid && a->gid == b->gid && a->mtime_s == b->mtime_s &&
	             a->mtime_ns == b->mtime_ns && a->size_bytes == b->size_bytes &&
	             str_eq(a->link, b->link) && a->xattr_count == b->xattr_count &&
	             a->extent_count == b->extent_count && !a->extents == !b->extents;
	for (size_t i = 0; equal && i < a->xattr_count; i++)
		equal = str_eq(a->xattrs[i].name, b->xattrs[i].name) &&
		        str_eq(a->xattrs[i].value, b->xattrs[i].value);
	for (size_t i = 0; equal && i < a->extent_count; i++)
		equal = a->extents[i].offset == b->extents[i].offset &&
		        a->extents[i].len == b->extents[i].len;
	return equal;
}

/* Format, then parse; 0 when the same comes back. */
static int round_trip(const struct entry *entry, struct tar_head *head, struct buf *out)
{
	struct err e = ERR_INIT;
	struct limits limits = limits_default();
	struct tar_scratch s;
	struct tar_head got;
	tar_scratch_init(&s);
	buf_clear(out);
	int rc = tar_format(entry, &s, out, head, &e);
	if (rc == 0) {
		unsigned char *exact = mem_new(out->len, 1);
		memcpy(exact, out->p, out->len);
		rc = tar_parse(exact, out->len, &limits, &s, &got, &e) == 1 &&
		                     same(entry, &got.entry) &&
		                     got.head_bytes == head->head_bytes &&
		                     got.map_bytes == head->map_bytes &&
		                     got.stored_bytes == head->stored_bytes
		             ? 0
		             : -1;
		mem_free(exact);
	}
	if (rc)
		tap_note("%s", e.msg);
	tar_scratch_free(&s);
	return rc;
}

static const struct entry_xattr attrs[] = {
	{ { "user.a", 6 }, { "one", 3 } },
	{ { "user.binary", 11 }, { "\0\n=\0", 4 } },
};
static const struct entry_extent extents[] = { { 4096, 10 }, { 8192, 4096 }, { 1 << 20, 0 } };

static void test_round_trips(void)
{
	const struct {
		const char *what;
		struct entry entry;
	} table[] = {
		{ "a file",
		  { .path = S("a"), .mode = 0644, .size_bytes = 5, .mtime_s = 1600000000 } },
		{ "the root", { .type = ENTRY_TYPE_DIR, .path = S(""), .mode = 0755 } },
		{ "a directory", { .type = ENTRY_TYPE_DIR, .path = S("d/e"), .mode = 07777 } },
		{ "a symlink", { .type = ENTRY_TYPE_SYMLINK, .path = S("l"), .link = S("../x/") } },
		{ "a hardlink", { .type = ENTRY_TYPE_HARDLINK, .path = S("h"), .link = S("a/b") } },
		{ "a name of 100 bytes", { .path = str_of(name_100) } },
		{ "a directory of 100 bytes",
		  { .type = ENTRY_TYPE_DIR, .path = str_of(name_100) } },
		{ "a name in two fields", { .path = str_of(name_200) } },
		{ "a name in a record", { .path = str_of(name_long) } },
		{ "a long directory", { .type = ENTRY_TYPE_DIR, .path = str_of(name_long) } },
		{ "a long link",
		  { .type = ENTRY_TYPE_SYMLINK, .path = S("l"), .link = str_of(name_long) } },
		{ "bytes that are no UTF-8", { .path = S("\xff\xfe") } },
		{ "such bytes in a record", { .path = S("\xff"), .mtime_ns = 1, .link = S("") } },
		{ "a newline in a name", { .path = S("a\nb=c"), .mtime_ns = 5 } },
		{ "nanoseconds", { .path = S("a"), .mtime_s = 1, .mtime_ns = 999999999 } },
		{ "a time before 1970", { .path = S("a"), .mtime_s = -1 } },
		{ "half a second before",
		  { .path = S("a"), .mtime_s = -1, .mtime_ns = 500000000 } },
		{ "a nanosecond before", { .path = S("a"), .mtime_s = -1, .mtime_ns = 999999999 } },
		{ "a time far away", { .path = S("a"), .mtime_s = INT64_MAX / 4 } },
		{ "the largest octal time", { .path = S("a"), .mtime_s = 077777777777 } },
		{ "the largest octal size", { .path = S("a"), .size_bytes = 077777777776 } },
		{ "a size of 8 GiB", { .path = S("a"), .size_bytes = 077777777777 } },
		{ "a size of 4 EiB", { .path = S("a"), .size_bytes = 1ULL << 62 } },
		{ "the largest octal owner", { .path = S("a"), .uid = 07777777, .gid = 07777776 } },
		{ "a large owner", { .path = S("a"), .uid = UINT32_MAX, .gid = 010000000 } },
		{ "attributes", { .path = S("a"), .xattrs = attrs, .xattr_count = 2 } },
		{ "a sparse file",
		  { .path = S("s"),
		    .size_bytes = 1 << 20,
		    .extents = extents,
		    .extent_count = 3 } },
		{ "a sparse file with a long name",
		  { .path = str_of(name_long),
		    .size_bytes = 1 << 20,
		    .extents = extents,
		    .extent_count = 2 } },
		{ "nothing but a hole",
		  { .path = S("s"),
		    .size_bytes = 1 << 20,
		    .extents = extents + 2,
		    .extent_count = 1 } },
	};
	BUF_AUTO out = buf_make(1 << 20);
	struct tar_head head;
	for (size_t i = 0; i < COUNTOF(table); i++) {
		TAP_OK(round_trip(&table[i].entry, &head, &out) == 0, "%s comes back",
		       table[i].what);
		TAP_OK(out.len % TAR_BLOCK == 0 && out.len == head.head_bytes + head.map_bytes,
		       "%s takes whole blocks", table[i].what);
	}
}

static void test_plain_headers_are_one_block(void)
{
	BUF_AUTO out = buf_make(1 << 20);
	struct tar_head head;
	const struct entry entry = { .path = str_of(name_200),
		                     .mtime_s = 1600000000,
		                     .size_bytes = 7 };
	TAP_OK(round_trip(&entry, &head, &out) == 0 && head.head_bytes == TAR_BLOCK,
	       "no record is written that is not needed");
}

static void test_ends(void)
{
	static const unsigned char zeros[2 * TAR_END];
	struct err e = ERR_INIT;
	struct limits limits = limits_default();
	struct tar_scratch s;
	struct tar_head head;
	tar_scratch_init(&s);
	TAP_OK(tar_parse(zeros, TAR_END, &limits, &s, &head, &e) == 0,
	       "two zero blocks are the end");
	TAP_OK(tar_parse(zeros, TAR_BLOCK, &limits, &s, &head, &e) == -1, "one is not");
	err_clear(&e);
	TAP_OK(tar_parse(zeros, 0, &limits, &s, &head, &e) == -1 && e.kind == ERR_KIND_DATA,
	       "nothing is an error");
	tar_scratch_free(&s);
}

static void test_limits(void)
{
	BUF_AUTO out = buf_make(1 << 20);
	struct tar_scratch s;
	struct tar_head head;
	struct err e = ERR_INIT;
	const struct entry entry = { .path = str_of(name_long), .xattrs = attrs, .xattr_count = 2 };
	tar_scratch_init(&s);
	TAP_OK(tar_format(&entry, &s, &out, &head, &e) == 0, "a header is made");
	struct {
		const char *what;
		struct limits limits;
	} table[] = { { "names", limits_default() },
		      { "records", limits_default() },
		      { "attributes", limits_default() } };
	table[0].limits.max_name_bytes = 4999;
	table[1].limits.max_pax_bytes = 5000;
	table[2].limits.max_xattr_bytes = 20;
	for (size_t i = 0; i < COUNTOF(table); i++) {
		err_clear(&e);
		int rc = tar_parse((const unsigned char *)out.p, out.len, &table[i].limits, &s,
		                   &head, &e);
		TAP_OK(rc == -1 && e.kind == ERR_KIND_DATA && strstr(e.msg, "limit"),
		       "the limit on %s holds", table[i].what);
	}
	tar_scratch_free(&s);
}

/* Every byte of a header matters: no change is read as something else without being noticed by its checksum, and
 * nothing is read that lies outside. */
static void test_damage(void)
{
	BUF_AUTO out = buf_make(1 << 20);
	struct tar_scratch s;
	struct tar_head head;
	struct limits limits = limits_default();
	struct err e = ERR_INIT;
	struct mutate m = { .state = 4242 };
	const struct entry entry = { .path = S("dir/s"),
		                     .mtime_ns = 7,
		                     .xattrs = attrs,
		                     .xattr_count = 2,
		                     .size_bytes = 1 << 20,
		                     .extents = extents,
		                     .extent_count = 3 };
	tar_scratch_init(&s);
	unsigned good = 0;
	bool made = tar_format(&entry, &s, &out, &head, &e) == 0;
	for (int i = 0; made && i < 30000; i++) {
		struct str damaged = mutate_text(&m, buf_str(&out), "0123456789\n =x5");
		err_clear(&e);
		good += tar_parse((const unsigned char *)damaged.p, damaged.len, &limits, &s, &head,
		                  &e) >= 0;
		mutate_free(damaged);
	}
	TAP_OK(made && good < 30000, "30,000 damaged headers are survived (%u still made sense)",
	       good);
	tar_scratch_free(&s);
}

static void test_names(void)
{
	static const struct {
		const char *path;
		unsigned strip;
		int rc;
		const char *clean;
	} table[] = {
		{ "a/b", 0, 1, "a/b" },  { "./a//b/.", 0, 1, "a/b" },
		{ ".", 0, 1, "" },       { "./", 0, 1, "" },
		{ "", 0, 1, "" },        { "/a", 0, -1, "" },
		{ "a/..", 0, -1, "" },   { "..", 0, -1, "" },
		{ "a/../b", 0, -1, "" }, { "...", 0, 1, "..." },
		{ "..a", 0, 1, "..a" },  { "a/b/c", 1, 1, "b/c" },
		{ "a/b/c", 3, 0, "" },   { "./a/b", 1, 1, "b" },
		{ "a", 1, 0, "" },       { "/", 0, -1, "" },
		{ "//", 0, -1, "" },
	};
	struct limits limits = limits_default();
	BUF_AUTO out = buf_make(65536);
	for (size_t i = 0; i < COUNTOF(table); i++) {
		struct err e = ERR_INIT;
		int rc = names_clean(str_of(table[i].path), table[i].strip, &limits, &out, &e);
		TAP_OK(rc == table[i].rc && (rc <= 0 || str_is(buf_str(&out), table[i].clean)),
		       "'%s' without %u components is %s", table[i].path, table[i].strip,
		       table[i].rc < 0    ? "refused"
		       : table[i].rc == 0 ? "nothing"
		                          : table[i].clean);
	}
	struct err e = ERR_INIT;
	TAP_OK(names_clean(str_from("a\0b", 3), 0, &limits, &out, &e) == -1, "a NUL is refused");
}

static void test_order(void)
{
	static const char *const ascending[] = { "",   "-",  "a",  "a/b", "a/b/c", "a/c",
		                                 "a-", "a.", "a0", "ab",  "b" };
	bool ok = true;
	for (size_t i = 0; i < COUNTOF(ascending); i++)
		for (size_t j = 0; j < COUNTOF(ascending); j++) {
			int c = names_cmp(str_of(ascending[i]), str_of(ascending[j]));
			ok &= i < j ? c < 0 : i > j ? c > 0 : c == 0;
		}
	TAP_OK(ok, "paths are in the order of a walk");
	TAP_OK(names_within(S("a/b"), S("a")) && names_within(S("a"), S("a")) &&
	               names_within(S("a"), S("")) && !names_within(S("ab"), S("a")),
	       "below is by components");
}

int main(void)
{
	memset(name_100, 'n', 100);
	for (size_t i = 0; i < 200; i++)
		name_200[i] = i % 40 == 39 ? '/' : 'p';
	for (size_t i = 0; i < 5000; i++)
		name_long[i] = i % 200 == 199 && i < 4999 ? '/' : 'q';
	test_round_trips();
	test_plain_headers_are_one_block();
	test_ends();
	test_limits();
	test_damage();
	test_names();
	test_order();
	return tap_done();
}
