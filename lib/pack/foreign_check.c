/* The headers of a foreign tar, looked at before libarchive's view of them is taken. It passes over what it does not like
 * and takes one of two values that disagree, as every tar does in its own way: an archive that two readers understand
 * differently is refused here. So are archives that are only parts of something. */
#include <string.h>

#include "base/num.h"
#include "pack/foreign_parts.h"
#include "pack/names.h"
#include "pack/tar.h"
#include "pack/tar_block.h"
#include "pack/tar_pax.h"

/* Within the prefix: a time's length, and where the size of a sparse file is. */
enum { GNU_TIME = 12, GNU_REAL_SIZE = 483 - 345 };

/* What the headers of one entry have said so far. */
struct seen {
	bool long_name, long_link, extended;
	bool path, link, size; /* by the pax header at hand */
};

static int bad(const char *why, struct err *e)
{
	return err_set(e, ERR_KIND_DATA, "tar header: %s", why);
}

static int bad_record(struct str key, const char *why, struct err *e)
{
	return err_set(e, ERR_KIND_DATA, "pax record '%s': %s", names_show(key).text, why);
}

static int incremental(struct err *e)
{
	return bad("this is one of GNU tar's incremental archives, which only GNU tar (-g) can put "
	           "together",
	           e);
}

static int one_volume(struct err *e)
{
	return bad("this is one volume of several, which only GNU tar (-M) can put together", e);
}

/* Octal digits between blanks; or none, or (base 256) what libarchive is to understand, which is no number here. */
static int get_number(const char *field, size_t size, uint64_t *out, struct err *e)
{
	struct str text = str_trim(str_from(field, strnlen(field, size)));
	*out = UINT64_MAX;
	if ((unsigned char)field[0] & 0x80 || text.len == 0 || num_parse_digits(text, 8, out) == 0)
		return 0;
	return bad("a number field is not octal", e);
}

/* GNU's header has two times where ustar has the first half of long paths: what is neither is read in two ways. */
static int check_gnu(const struct tar_block *b, struct err *e)
{
	uint64_t any;
	if (memcmp(b->magic, "ustar  ", sizeof(b->magic)) != 0)
		return 0;
	/* Which libarchive takes for the size of any file. */
	if (b->type != 'S' && b->prefix[GNU_REAL_SIZE] != '\0')
		return bad("the size of a sparse file for another one", e);
	return get_number(b->prefix, GNU_TIME, &any, e) ||
	                       get_number(b->prefix + GNU_TIME, GNU_TIME, &any, e)
	               ? -1
	               : 0;
}

static int check_numbers(const struct tar_block *b, struct err *e)
{
	uint64_t any;
	return get_number(b->mode, sizeof(b->mode), &any, e) ||
	                       get_number(b->uid, sizeof(b->uid), &any, e) ||
	                       get_number(b->gid, sizeof(b->gid), &any, e) ||
	                       get_number(b->size, sizeof(b->size), &any, e) ||
	                       get_number(b->mtime, sizeof(b->mtime), &any, e)
	               ? -1
	               : 0;
}

static int check_once(bool *seen, bool global, struct str key, struct err *e)
{
	if (global)
		return bad_record(key, "for all files, which not every tar obeys", e);
	if (*seen)
		return bad_record(key, "comes twice", e);
	*seen = true;
	return 0;
}

static int check_text(bool *seen, bool global, struct str key, struct str value, struct err *e)
{
	if (value.len > 0 && memchr(value.p, '\0', value.len))
		return bad_record(key, "contains a NUL", e);
	return check_once(seen, global, key, e);
}

/* An empty value takes back what was said before. */
static int check_number(struct str key, struct str value, struct err *e)
{
	uint64_t number;
	bool good = value.len == 0 || num_parse_digits(value, 10, &number) == 0;
	return good ? 0 : bad_record(key, "is not a number", e);
}

static int check_time(struct str key, struct str value, struct err *e)
{
	int64_t seconds;
	uint32_t ns;
	return value.len == 0 ? 0 : tar_pax_time(key, value, &seconds, &ns, e);
}

static int check_record(struct seen *s, bool global, struct str key, struct str value,
                        struct err *e)
{
	if (memchr(key.p, '\0', key.len))
		return bad_record(key, "contains a NUL", e);
	if (str_is(key, "path"))
		return check_text(&s->path, global, key, value, e);
	if (str_is(key, "linkpath"))
		return check_text(&s->link, global, key, value, e);
	if (str_is(key, "size"))
		return check_once(&s->size, global, key, e) ? -1 : check_number(key, value, e);
	if (str_is(key, "uid") || str_is(key, "gid"))
		return check_number(key, value, e);
	if (str_is(key, "mtime") || str_is(key, "atime") || str_is(key, "ctime"))
		return check_time(key, value, e);
	if (str_is(key, "GNU.dumpdir"))
		return incremental(e);
	if (str_is(key, "GNU.volume.filename"))
		return one_volume(e);
	return 0;
}

static int check_records(struct seen *s, struct str text, bool global, struct err *e)
{
	if (!global && s->extended)
		return bad("two extended headers for one entry", e);
	s->extended |= !global;
	while (text.len > 0) {
		struct str key, value;
		if (tar_pax_next(&text, &key, &value, e) || check_record(s, global, key, value, e))
			return -1;
	}
	return 0;
}

static int check_extension(struct seen *s, char type, struct str body, struct err *e)
{
	bool *once = type == 'L' ? &s->long_name : &s->long_link;
	if (type == 'x' || type == 'X' || type == 'g')
		return check_records(s, body, type == 'g', e);
	if (type == 'A')
		return 0;
	if (*once)
		return bad("two long names for one entry", e);
	*once = true;
	return 0;
}

/* What is behind the extensions of an entry. */
static int check_entry(const struct seen *s, const struct tar_block *b, struct err *e)
{
	if (b->type == 'D')
		return incremental(e);
	if (b->type == 'M')
		return one_volume(e);
	if ((s->path && s->long_name) || (s->link && s->long_link))
		return bad("a long name and a pax record for the same thing", e);
	return check_numbers(b, e) || check_gnu(b, e) ? -1 : 0;
}

int foreign_check(struct str headers, const struct limits *limits, struct err *e)
{
	struct seen seen = { .path = false };
	while (headers.len >= TAR_BLOCK) {
		struct tar_block b;
		uint64_t size = 0;
		memcpy(&b, headers.p, sizeof(b));
		headers = str_skip(headers, TAR_BLOCK);
		if (b.type == 'V')
			continue;
		if (b.type == '\0' || !strchr("xXgLKA", b.type))
			return check_entry(&seen, &b, e);
		if (get_number(b.size, sizeof(b.size), &size, e))
			return -1;
		if (size > limits->max_pax_bytes)
			return bad("an extension is larger than the limit 'pax'", e);
		if (tar_padded(size) > headers.len)
			return bad("an extension is cut off", e);
		if (check_extension(&seen, b.type, str_head(headers, (size_t)size), e))
			return -1;
		headers = str_skip(headers, (size_t)tar_padded(size));
	}
	return 0;
}
