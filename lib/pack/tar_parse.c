/* Header blocks to entry, as strict as can be: what we write and nothing else. */
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "pack/names.h"
#include "pack/tar.h"
#include "pack/tar_block.h"
#include "pack/tar_pax.h"

static int bad(const char *why, struct err *e)
{
	return err_set(e, ERR_KIND_DATA, "tar header: %s", why);
}

static bool all_zero(const unsigned char *p, size_t len)
{
	return p[0] == 0 && memcmp(p, p + 1, len - 1) == 0;
}

/* A text field: up to its NUL, or all of it. */
static struct str field_text(const char *field, size_t size)
{
	return str_from(field, strnlen(field, size));
}

/* `digits` octal digits and a NUL. */
static int get_octal(const char *field, unsigned digits, uint64_t *out)
{
	uint64_t value = 0;
	for (unsigned i = 0; i < digits; i++) {
		if (field[i] < '0' || field[i] > '7')
			return -1;
		value = value << 3 | (uint64_t)(field[i] - '0');
	}
	*out = value;
	return field[digits] == '\0' ? 0 : -1;
}

/* A block with the right magic and checksum. */
static int get_block(const unsigned char *p, size_t avail, struct tar_block *b, struct err *e)
{
	uint64_t sum;
	if (avail < sizeof(*b))
		return bad("is cut off", e);
	memcpy(b, p, sizeof(*b));
	if (memcmp(b->magic, TAR_BLOCK_MAGIC, sizeof(b->magic)) != 0)
		return bad("is not ustar", e);
	if (get_octal(b->checksum, 6, &sum) || sum != tar_block_sum(b))
		return bad("the checksum is wrong", e);
	return 0;
}

/* The value of a number field, or of its pax record when the field says so. */
static int merge(uint64_t *value, uint64_t most, bool in_pax, uint64_t pax, const char *why,
                 struct err *e)
{
	if (!in_pax)
		return 0;
	/* A record that the field does not call for would be two answers to one question. */
	if (*value != most || pax < most)
		return bad(why, e);
	*value = pax;
	return 0;
}

static int get_numbers(const struct tar_block *b, const struct tar_pax *pax, struct entry *entry,
                       uint64_t *stored, struct err *e)
{
	uint64_t mode, mtime;
	if (get_octal(b->mode, 7, &mode) || get_octal(b->uid, 7, &entry->uid) ||
	    get_octal(b->gid, 7, &entry->gid) || get_octal(b->size, 11, stored) ||
	    get_octal(b->mtime, 11, &mtime))
		return bad("a number field is not octal", e);
	if (mode > 07777)
		return bad("the mode has unknown bits", e);
	entry->mode = (uint32_t)mode;
	entry->mtime_s = pax->has_mtime ? pax->mtime_s : (int64_t)mtime;
	entry->mtime_ns = pax->has_mtime ? pax->mtime_ns : 0;
	if (merge(&entry->uid, 07777777, pax->has_uid, pax->uid, "two values for the user", e) ||
	    merge(&entry->gid, 07777777, pax->has_gid, pax->gid, "two values for the group", e) ||
	    merge(stored, TAR_BLOCK_ELSEWHERE, pax->has_size, pax->size, "two values for the size",
	          e))
		return -1;
	return 0;
}

static int get_type(char type, enum entry_type *out, struct err *e)
{
	static const char known[] = "01234567x";
	static const enum entry_type types[] = { ENTRY_TYPE_FILE,    ENTRY_TYPE_HARDLINK,
		                                 ENTRY_TYPE_SYMLINK, ENTRY_TYPE_CHAR,
		                                 ENTRY_TYPE_BLOCK,   ENTRY_TYPE_DIR,
		                                 ENTRY_TYPE_FIFO,    ENTRY_TYPE_OTHER };
	const char *at = type != '\0' ? strchr(known, type) : NULL;
	if (!at || *at == 'x')
		return err_set(e, ERR_KIND_DATA, "tar header: type 0x%02x has no place here",
		               (unsigned char)type);
	*out = types[at - known];
	return 0;
}

static int get_path(const unsigned char *p, const struct tar_pax *pax, struct tar_scratch *s,
                    struct entry *entry, struct err *e)
{
	const struct tar_block *b = (const void *)p;
	struct str prefix = field_text(b->prefix, sizeof(b->prefix));
	entry->path = field_text(b->name, sizeof(b->name));
	if (prefix.len > 0) {
		buf_clear(&s->text);
		buf_add_str(&s->text, prefix);
		buf_add_char(&s->text, '/');
		buf_add_str(&s->text, entry->path);
		entry->path = buf_str(&s->text);
	}
	if (pax->path.p)
		entry->path = pax->path;
	if (pax->sparse_name.p)
		entry->path = pax->sparse_name;
	if (entry->path.len == 0)
		return bad("there is no name", e);
	if (entry->type == ENTRY_TYPE_DIR && str_ends(entry->path, S("/")))
		entry->path.len--;
	if (entry->type == ENTRY_TYPE_DIR && str_is(entry->path, "."))
		entry->path.len = 0;
	return 0;
}

static int get_link(const unsigned char *p, const struct tar_pax *pax, const struct limits *limits,
                    struct entry *entry, struct err *e)
{
	const struct tar_block *b = (const void *)p;
	bool is_link = entry->type == ENTRY_TYPE_SYMLINK || entry->type == ENTRY_TYPE_HARDLINK;
	entry->link = pax->link.p ? pax->link : field_text(b->link, sizeof(b->link));
	if (is_link != (entry->link.len > 0))
		return bad(is_link ? "a link without a target" : "a target without a link", e);
	if (entry->link.len > limits->max_name_bytes)
		return bad("the link's target is longer than the limit", e);
	return 0;
}

/* A decimal number and '\n', cut off *map. */
static int map_number(struct str *map, uint64_t *out)
{
	struct str line;
	if (!str_cut(str_head(*map, 24), '\n', &line, NULL))
		return -1;
	*map = str_skip(*map, line.len + 1);
	return num_parse_digits(line, 10, out);
}

/* Extents ascend, do not touch what is behind the end, and together are all that is stored. */
static int parse_map(struct str map, const struct limits *limits, struct tar_scratch *s,
                     struct tar_head *head, struct err *e)
{
	size_t whole = map.len;
	uint64_t count, at = 0, data = 0;
	if (map_number(&map, &count) || count > limits->max_sparse || count > map.len / 4)
		return bad("the map of a sparse file is broken or over the limit", e);
	if (count >= s->extents_cap) {
		s->extents_cap = (size_t)count + 1;
		s->extents = mem_grow(s->extents, s->extents_cap, sizeof(s->extents[0]));
	}
	for (size_t i = 0; i < count; i++) {
		struct entry_extent *x = &s->extents[i];
		uint64_t end;
		if (map_number(&map, &x->offset) || map_number(&map, &x->len) || x->offset < at ||
		    __builtin_add_overflow(x->offset, x->len, &end) || end > head->entry.size_bytes)
			return bad("the map of a sparse file is broken", e);
		at = end;
		data += x->len;
	}
	head->map_bytes = tar_padded(whole - map.len);
	if (head->map_bytes > head->stored_bytes || data != head->stored_bytes - head->map_bytes)
		return bad("the map of a sparse file does not fit its size", e);
	head->entry.extents = s->extents;
	head->entry.extent_count = (size_t)count;
	return 0;
}

static int get_size(const unsigned char *p, size_t avail, const struct tar_pax *pax,
                    const struct limits *limits, struct tar_scratch *s, struct tar_head *head,
                    struct err *e)
{
	bool sparse =
		pax->sparse_major || pax->sparse_minor || pax->sparse_name.p || pax->has_realsize;
	if (head->entry.type != ENTRY_TYPE_FILE && (head->stored_bytes > 0 || sparse))
		return bad("content of something that is no file", e);
	head->entry.size_bytes = head->stored_bytes;
	if (!sparse)
		return 0;
	if (!pax->sparse_major || !pax->sparse_minor || !pax->sparse_name.p || !pax->has_realsize ||
	    pax->path.p)
		return bad("a sparse file without all its records", e);
	head->entry.size_bytes = pax->realsize;
	if (avail > head->stored_bytes)
		avail = (size_t)head->stored_bytes;
	return parse_map(str_from(p, avail), limits, s, head, e);
}

/* The pax header at `p`, when there is one: its length with its blocks in *used. */
static int parse_pax(const unsigned char *p, size_t avail, const struct limits *limits,
                     struct tar_scratch *s, struct tar_pax *pax, size_t *used, struct err *e)
{
	struct tar_block b;
	uint64_t size;
	*pax = (struct tar_pax){ .has_size = false };
	*used = 0;
	if (get_block(p, avail, &b, e))
		return -1;
	if (b.type != 'x')
		return 0;
	if (get_octal(b.size, 11, &size) || size > limits->max_pax_bytes)
		return bad("the extended header is larger than the limit", e);
	if (tar_padded(size) > avail - TAR_BLOCK)
		return bad("the extended header is cut off", e);
	*used = TAR_BLOCK + (size_t)tar_padded(size);
	return tar_pax_parse(str_from(p + TAR_BLOCK, (size_t)size), limits, s, pax, e);
}

int tar_parse(const unsigned char *p, size_t avail, const struct limits *limits,
              struct tar_scratch *s, struct tar_head *head, struct err *e)
{
	struct tar_block b;
	struct tar_pax pax;
	size_t used;
	if (avail >= TAR_END && p[0] == 0 && all_zero(p, TAR_END))
		return 0;
	*head = (struct tar_head){ .head_bytes = TAR_BLOCK };
	struct entry *entry = &head->entry;
	if (parse_pax(p, avail, limits, s, &pax, &used, e) ||
	    get_block(p + used, avail - used, &b, e) || get_type(b.type, &entry->type, e) ||
	    get_path(p + used, &pax, s, entry, e) ||
	    get_numbers(&b, &pax, entry, &head->stored_bytes, e) ||
	    get_link(p + used, &pax, limits, entry, e))
		return -1;
	if (entry->path.len > limits->max_name_bytes)
		return bad("the name is longer than the limit", e);
	entry->again = pax.again;
	if (entry->again && entry->type != ENTRY_TYPE_DIR)
		return bad("something comes again that is no directory", e);
	entry->xattrs = s->xattrs;
	entry->xattr_count = pax.xattr_count;
	used += TAR_BLOCK;
	head->head_bytes = used;
	if (get_size(p + used, avail - used, &pax, limits, s, head, e))
		return -1;
	return 1;
}
