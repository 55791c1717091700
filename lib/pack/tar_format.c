/* Entry to header blocks. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "pack/names.h"
#include "pack/tar.h"
#include "pack/tar_block.h"

enum {
	OCTAL_7 = 07777777, /* the largest value of a field of seven digits */
	PAX_RECORD_EXTRA = 24,
};

/* `digits` octal digits and a terminator. */
static void put_octal(char *field, unsigned digits, uint64_t value)
{
	field[digits] = '\0';
	while (digits > 0) {
		field[--digits] = (char)('0' + (value & 7));
		value >>= 3;
	}
}

/* "LEN KEY=VALUE\n", where LEN counts itself. */
static void add_record(struct buf *pax, struct str key, struct str value)
{
	size_t rest = key.len + value.len + 3;
	size_t len = rest + 1;
	char digits[PAX_RECORD_EXTRA];
	while (rest + (size_t)snprintf(digits, sizeof(digits), "%zu", len) != len)
		len++;
	buf_add_text(pax, digits);
	buf_add_char(pax, ' ');
	buf_add_str(pax, key);
	buf_add_char(pax, '=');
	buf_add_str(pax, value);
	buf_add_char(pax, '\n');
}

static void add_number(struct buf *pax, struct str key, uint64_t value)
{
	char text[PAX_RECORD_EXTRA];
	snprintf(text, sizeof(text), "%" PRIu64, value);
	add_record(pax, key, str_of(text));
}

/* Seconds with nine decimals; -0.5 is 500,000,000 ns behind -1 s. */
static void add_time(struct buf *pax, int64_t seconds, uint32_t ns)
{
	char text[48];
	const char *sign = "";
	uint64_t whole = (uint64_t)seconds;
	if (seconds < 0) {
		sign = "-";
		whole = 0 - (uint64_t)seconds - (ns > 0);
		ns = ns > 0 ? 1000000000U - ns : 0;
	}
	int len = snprintf(text, sizeof(text), "%s%" PRIu64, sign, whole);
	if (ns > 0)
		snprintf(text + len, sizeof(text) - (size_t)len, ".%09" PRIu32, ns);
	add_record(pax, S("mtime"), str_of(text));
}

/* The path into name and prefix; false when it does not fit. */
static bool put_path(struct tar_block *b, struct str path, bool is_dir)
{
	size_t len = path.len + is_dir;
	size_t cut = 0;
	if (len > sizeof(b->name)) {
		/* A prefix as short as it can be, so that the last components stay together. */
		size_t from = len - sizeof(b->name) - 1;
		const char *slash = memchr(path.p + from, '/', path.len - from);
		cut = slash ? (size_t)(slash - path.p) : 0;
		if (cut == 0 || cut > sizeof(b->prefix) || cut + 1 == path.len)
			return false;
		memcpy(b->prefix, path.p, cut);
		cut++;
	}
	memcpy(b->name, path.p + cut, path.len - cut);
	if (is_dir)
		b->name[path.len - cut] = '/';
	return true;
}

/* What a reader without pax shows: the end of the path. */
static void put_short_path(struct tar_block *b, const char *before, struct str path)
{
	struct str last = names_last(path);
	int n = snprintf(b->name, sizeof(b->name), "%s", before);
	size_t room = sizeof(b->name) - (size_t)n;
	memcpy(b->name + n, last.p, last.len < room ? last.len : room);
}

static void put_numbers(struct tar_block *b, const struct entry *entry, uint64_t stored,
                        struct buf *pax)
{
	uint64_t uid = entry->uid, gid = entry->gid, size = stored;
	uint64_t mtime = (uint64_t)entry->mtime_s;
	if (uid > OCTAL_7) {
		add_number(pax, S("uid"), uid);
		uid = OCTAL_7;
	}
	if (gid > OCTAL_7) {
		add_number(pax, S("gid"), gid);
		gid = OCTAL_7;
	}
	if (size >= TAR_BLOCK_ELSEWHERE) {
		add_number(pax, S("size"), size);
		size = TAR_BLOCK_ELSEWHERE;
	}
	bool negative = entry->mtime_s < 0;
	if (negative || mtime > TAR_BLOCK_ELSEWHERE || entry->mtime_ns > 0) {
		add_time(pax, entry->mtime_s, entry->mtime_ns);
		mtime = negative ? 0 : mtime > TAR_BLOCK_ELSEWHERE ? TAR_BLOCK_ELSEWHERE : mtime;
	}
	put_octal(b->mode, 7, entry->mode & 07777);
	put_octal(b->uid, 7, uid);
	put_octal(b->gid, 7, gid);
	put_octal(b->size, 11, size);
	put_octal(b->mtime, 11, mtime);
}

static void put_names(struct tar_block *b, const struct entry *entry, struct buf *pax)
{
	bool is_dir = entry->type == ENTRY_TYPE_DIR;
	struct str path = entry->path.len > 0 ? entry->path : S(".");
	bool link_fits = entry->link.len <= sizeof(b->link);
	if (entry->extents) {
		add_record(pax, S("GNU.sparse.name"), path);
		put_short_path(b, "GNUSparseFile.0/", path);
	} else if (!put_path(b, path, is_dir)) {
		/* pax keeps a directory's path without the slash, as GNU tar and libarchive do not mind. */
		add_record(pax, S("path"), path);
		put_short_path(b, "", path);
	}
	if (!link_fits)
		add_record(pax, S("linkpath"), entry->link);
	if (entry->link.len > 0)
		memcpy(b->link, entry->link.p, link_fits ? entry->link.len : sizeof(b->link));
	if (pax->len > 0 && !(utf8_valid(path) && utf8_valid(entry->link)))
		add_record(pax, S("hdrcharset"), S("BINARY"));
}

/* A comment is what every tar passes over without a word. */
static void add_more(struct buf *pax, const struct entry *entry)
{
	if (entry->again)
		add_record(pax, S("comment"), S(TAR_AGAIN));
	for (size_t i = 0; i < entry->xattr_count; i++) {
		const struct entry_xattr *x = &entry->xattrs[i];
		char key[16 + 256];
		int n = snprintf(key, sizeof(key), "SCHILY.xattr.%" STR_FMT, STR_ARG(x->name));
		if (n > 0 && (size_t)n < sizeof(key))
			add_record(pax, str_from(key, (size_t)n), x->value);
	}
}

static void seal(struct tar_block *b, char type)
{
	b->type = type;
	memcpy(b->magic, TAR_BLOCK_MAGIC, sizeof(b->magic));
	put_octal(b->checksum, 6, tar_block_sum(b));
	b->checksum[7] = ' ';
}

/* All 'x' headers are as alike as they can be: nobody reads their names, and one deflate match covers the next. */
static void add_pax(struct buf *out, struct buf *pax)
{
	static const char zeros[TAR_BLOCK];
	struct tar_block b = { .name = "././@PaxHeader" };
	put_octal(b.mode, 7, 0644);
	put_octal(b.uid, 7, 0);
	put_octal(b.gid, 7, 0);
	put_octal(b.size, 11, pax->len);
	put_octal(b.mtime, 11, 0);
	seal(&b, 'x');
	buf_add(out, &b, sizeof(b));
	buf_add_str(out, buf_str(pax));
	buf_add(out, zeros, (size_t)(tar_padded(pax->len) - pax->len));
}

/* GNU.sparse 1.0: the number of extents, then offset and length of each, a number a line. */
static void format_map(const struct entry *entry, struct buf *map)
{
	static const char zeros[TAR_BLOCK];
	buf_printf(map, "%zu\n", entry->extent_count);
	for (size_t i = 0; i < entry->extent_count; i++)
		buf_printf(map, "%" PRIu64 "\n%" PRIu64 "\n", entry->extents[i].offset,
		           entry->extents[i].len);
	buf_add(map, zeros, (size_t)(tar_padded(map->len) - map->len));
}

static void format_sparse(const struct entry *entry, struct buf *pax, struct buf *map,
                          uint64_t *stored)
{
	add_record(pax, S("GNU.sparse.major"), S("1"));
	add_record(pax, S("GNU.sparse.minor"), S("0"));
	add_number(pax, S("GNU.sparse.realsize"), entry->size_bytes);
	format_map(entry, map);
	*stored = map->len;
	for (size_t i = 0; i < entry->extent_count; i++)
		*stored += entry->extents[i].len;
}

int tar_format(const struct entry *entry, struct tar_scratch *s, struct buf *out,
               struct tar_head *head, struct err *e)
{
	static const char types[] = { [ENTRY_TYPE_FILE] = '0',
		                      [ENTRY_TYPE_DIR] = '5',
		                      [ENTRY_TYPE_SYMLINK] = '2',
		                      [ENTRY_TYPE_HARDLINK] = '1' };
	struct tar_block b = { .name = "" };
	size_t before = out->len;
	uint64_t stored = entry->type == ENTRY_TYPE_FILE ? entry->size_bytes : 0;
	buf_clear(&s->text);
	buf_clear(&s->map);
	if (entry->extents)
		format_sparse(entry, &s->text, &s->map, &stored);
	put_names(&b, entry, &s->text);
	put_numbers(&b, entry, stored, &s->text);
	add_more(&s->text, entry);
	if (s->text.len > 0)
		add_pax(out, &s->text);
	seal(&b, types[entry->type]);
	buf_add(out, &b, sizeof(b));
	*head = (struct tar_head){ .entry = *entry,
		                   .head_bytes = out->len - before,
		                   .map_bytes = s->map.len,
		                   .stored_bytes = stored };
	buf_add_str(out, buf_str(&s->map));
	return buf_check(out, e, "a tar header");
}
