/* An index that is built is read back; one that was damaged is not. */
#include "pack/index.h"

#include <stdlib.h>

#include "mutate.h"
#include "pack.h"
#include "pack/member.h"
#include "tap.h"

enum { ENTRIES = 5000, PER_MEMBER = 70 };

static char path_text[64];

/* Entry number i: every fifth a directory, the rest files; paths ascend. */
static struct tar_head make_entry(size_t i)
{
	snprintf(path_text, sizeof(path_text), "dir-%03zu/%05zu", i / 100, i);
	struct tar_head head = { .head_bytes = TAR_BLOCK * (i % 7 == 0 ? 3 : 1) };
	head.entry = (struct entry){ .path = str_of(path_text),
		                     .type = i % 5 == 0 ? ENTRY_TYPE_DIR : ENTRY_TYPE_FILE,
		                     .mode = (uint32_t)(0644 + i % 8),
		                     .uid = i % 3,
		                     .mtime_s = 1600000000 + (int64_t)(i * 7919 % 1000) - 500,
		                     .mtime_ns = (uint32_t)(i * 31) };
	if (head.entry.type == ENTRY_TYPE_FILE)
		head.entry.size_bytes = head.stored_bytes = i * 13 % 4000;
	return head;
}

static void make_hash(size_t i, unsigned char out[INDEX_SHA256])
{
	memset(out, (int)(i & 0xff), INDEX_SHA256);
	out[0] = (unsigned char)(i >> 8);
}

/* Members of PER_MEMBER entries each; the last has the end of the tar too. `out` begins with as many bytes as the
 * members are said to be long. */
static int make(struct buf *out, bool sorted, uint64_t *raw_total, struct err *e)
{
	struct index_build *b = index_build_new(MEMBER_GZIP);
	unsigned char hash[INDEX_SHA256];
	uint64_t raw = 0, members = 0;
	*raw_total = 0;
	for (size_t i = 0; i < ENTRIES; i++) {
		size_t number = sorted ? i : (i * 7 + 3) % ENTRIES;
		struct tar_head head = make_entry(number);
		make_hash(number, hash);
		bool late = i % 1000 == 999 && head.entry.type == ENTRY_TYPE_FILE;
		index_build_entry(b, &head,
		                  head.entry.type == ENTRY_TYPE_FILE && !late ? hash : NULL);
		if (late)
			index_build_hash(b, hash);
		raw += head.head_bytes + tar_padded(head.stored_bytes);
		if (i % PER_MEMBER != PER_MEMBER - 1 && i + 1 < ENTRIES)
			continue;
		raw += i + 1 == ENTRIES ? TAR_END : 0;
		index_build_member(b, 1000 + members, raw, (uint32_t)members * 3);
		while (out->len < (members + 1) * 1000 + members * (members + 1) / 2)
			buf_add_char(out, '.');
		*raw_total += raw;
		raw = 0;
		members++;
	}
	struct str hidden = { "", 0 };
	int rc = index_build_finish(b, &hidden, e);
	buf_add_str(out, hidden);
	index_build_free(b);
	return rc;
}

static bool is_entry(const struct index_item *item, size_t number, uint64_t raw_offset)
{
	unsigned char hash[INDEX_SHA256];
	struct tar_head want = make_entry(number);
	const struct entry *a = &item->head.entry, *b = &want.entry;
	make_hash(number, hash);
	return str_eq(a->path, b->path) && a->type == b->type && a->mode == b->mode &&
	       a->uid == b->uid && a->mtime_s == b->mtime_s && a->mtime_ns == b->mtime_ns &&
	       a->size_bytes == b->size_bytes && item->head.head_bytes == want.head_bytes &&
	       item->raw_offset == raw_offset &&
	       (a->type == ENTRY_TYPE_DIR ? !item->sha256
	                                  : memcmp(item->sha256, hash, sizeof(hash)) == 0);
}

static void test_read_back(bool sorted)
{
	struct err e = ERR_INIT;
	struct limits limits = limits_default();
	struct index *ix = NULL;
	struct index_item item;
	uint64_t raw_total, pos = 0;
	size_t count = 0;
	BUF_AUTO out = buf_make(8 << 20);
	const char *how = sorted ? "sorted" : "unsorted";
	TAP_OK(make(&out, sorted, &raw_total, &e) == 0, "an index is built (%s)", how);
	struct pack_source source = pack_source(buf_str(&out), false);
	TAP_OK(index_open(&source.base, &limits, &ix, &e) == 1, "it is found and opened (%s) %s",
	       how, e.msg);
	if (!ix)
		return;
	TAP_OK(index_totals(ix)->entries == ENTRIES && index_totals(ix)->raw_bytes == raw_total,
	       "its totals are right (%s)", how);
	struct index_cursor *c = index_cursor_new(ix);
	while (index_cursor_next(c, &item, &e) == 1) {
		size_t number = sorted ? count : (count * 7 + 3) % ENTRIES;
		if (!is_entry(&item, number, pos))
			break;
		pos += item.head.head_bytes + tar_padded(item.head.stored_bytes);
		count++;
	}
	TAP_OK(count == ENTRIES && !err_is(&e), "every entry comes back (%s) %s", how, e.msg);
	index_cursor_free(c);
	index_close(ix);
}

/* One entry costs one read besides the tail, and is followed by the next ones. */
static void test_find(bool sorted)
{
	struct err e = ERR_INIT;
	struct limits limits = limits_default();
	struct index *ix = NULL;
	struct index_item item;
	struct index_member m;
	uint64_t raw_total;
	BUF_AUTO out = buf_make(8 << 20);
	if (make(&out, sorted, &raw_total, &e))
		return;
	struct pack_source source = pack_source(buf_str(&out), false);
	if (index_open(&source.base, &limits, &ix, &e) != 1)
		return;
	unsigned found = 0, few = 0, again = 0;
	for (size_t i = 0; i < ENTRIES; i += 111) {
		struct index_cursor *c = index_cursor_new(ix);
		struct index_member m2;
		struct index_item item2;
		unsigned before = source.reads;
		make_entry(i);
		int rc = index_cursor_find(c, str_of(path_text), &m, &item, &e);
		few += source.reads - before <= 1;
		found += rc == 1 && m.raw_offset <= item.raw_offset &&
		         item.raw_offset < m.raw_offset + m.raw_len;
		again += rc == 1 && index_cursor_member(c, &m2, &e) == 1 && m2.number == m.number &&
		         index_cursor_entry(c, &item2, &e) == 1 &&
		         item2.raw_offset == item.raw_offset;
		index_cursor_free(c);
	}
	unsigned want = (ENTRIES + 110) / 111;
	TAP_OK(found == want && again == want, "entries are found by name (%s)",
	       sorted ? "sorted" : "unsorted");
	if (sorted)
		TAP_OK(few == want, "with at most one read each");
	struct index_cursor *c = index_cursor_new(ix);
	static const char *const absent[] = { "",   "a", "dir-000", "dir-000/", "dir-000/00001x",
		                              "zzz" };
	for (size_t i = 0; i < COUNTOF(absent); i++)
		TAP_OK(index_cursor_find(c, str_of(absent[i]), &m, &item, &e) == 0,
		       "'%s' is not in it", absent[i]);
	index_cursor_free(c);
	index_close(ix);
}

/* Open and read all: how many entries, or -1. */
static int read_all(struct str bytes)
{
	struct err e = ERR_INIT;
	struct limits limits = limits_default();
	struct index *ix = NULL;
	struct index_item item;
	struct pack_source source = pack_source(bytes, false);
	int found = index_open(&source.base, &limits, &ix, &e);
	if (found <= 0)
		return found;
	struct index_cursor *c = index_cursor_new(ix);
	int count = 0, rc;
	while ((rc = index_cursor_next(c, &item, &e)) == 1)
		count++;
	index_cursor_free(c);
	index_close(ix);
	return rc < 0 ? -1 : count;
}

static void test_damage(void)
{
	struct err e = ERR_INIT;
	uint64_t raw_total;
	BUF_AUTO out = buf_make(8 << 20);
	if (make(&out, true, &raw_total, &e))
		return;
	size_t data = 0;
	while (out.p[data] == '.')
		data++;
	unsigned bad = 0, tried = 0;
	for (size_t at = data; at < out.len; at += 97, tried++) {
		out.p[at] = (char)(out.p[at] ^ 1 << at % 8);
		int count = read_all(buf_str(&out));
		/* A footer that is none any more leaves an archive without an index. */
		bad += count > 0;
		out.p[at] = (char)(out.p[at] ^ 1 << at % 8);
	}
	TAP_OK(bad == 0, "none of %u flipped bits is overlooked", tried);
	TAP_OK(read_all(buf_str(&out)) == ENTRIES, "and without them it is whole");
	for (size_t cut = 1; cut < 200; cut += 9)
		bad += read_all(str_head(buf_str(&out), out.len - cut)) > 0;
	TAP_OK(bad == 0, "what is cut off is no index");
	struct mutate m = { .state = 99 };
	struct str tail = str_skip(buf_str(&out), out.len - 3000);
	for (int i = 0; i < 3000; i++) {
		struct str damaged = mutate_text(&m, tail, "WSIF\x1f\x8b\x03");
		bad += read_all(damaged) > 0;
		mutate_free(damaged);
	}
	TAP_OK(bad == 0, "3,000 damaged ends are survived");
}

static void test_limits(void)
{
	struct err e = ERR_INIT;
	uint64_t raw_total;
	struct index *ix;
	BUF_AUTO out = buf_make(8 << 20);
	if (make(&out, true, &raw_total, &e))
		return;
	struct pack_source source = pack_source(buf_str(&out), false);
	struct limits few = limits_default(), small = limits_default(), members = limits_default();
	few.max_entries = ENTRIES - 1;
	small.max_index_bytes = 100;
	members.max_members = 10;
	const struct limits *all[] = { &few, &small, &members };
	for (size_t i = 0; i < COUNTOF(all); i++) {
		err_clear(&e);
		TAP_OK(index_open(&source.base, all[i], &ix, &e) == -1 && strstr(e.msg, "limit"),
		       "%s", e.msg);
	}
	source = pack_source(buf_str(&out), true);
	TAP_OK(index_open(&source.base, &few, &ix, &e) == 0 && source.reads == 0,
	       "a pipe has no index");
}

int main(void)
{
	test_read_back(true);
	test_read_back(false);
	test_find(true);
	test_find(false);
	test_damage();
	test_limits();
	return tap_done();
}
