/* "LEN KEY=VALUE\n" records (POSIX.1-2017, pax Extended Header). A broken one is refused, never skipped: readers that
 * skip different things see different archives. */
#include "pack/tar_pax.h"

#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "pack/names.h"

static int bad(struct str key, const char *why, struct err *e)
{
	return err_set(e, ERR_KIND_DATA, "pax record '%s': %s", names_show(key).text, why);
}

static int set_text(struct str *field, struct str key, struct str value, struct err *e)
{
	if (field->p)
		return bad(key, "comes twice", e);
	if (value.len == 0 || memchr(value.p, '\0', value.len))
		return bad(key, "is empty or contains a NUL", e);
	*field = value;
	return 0;
}

static int set_number(uint64_t *field, bool *given, struct str key, struct str value, struct err *e)
{
	if (*given)
		return bad(key, "comes twice", e);
	*given = true;
	if (num_parse_digits(value, 10, field) || *field > INT64_MAX)
		return bad(key, "is not a number", e);
	return 0;
}

static int set_constant(bool *given, struct str key, struct str value, const char *want,
                        struct err *e)
{
	if (*given)
		return bad(key, "comes twice", e);
	*given = true;
	return str_is(value, want) ? 0 : bad(key, "is of an unknown version", e);
}

int tar_pax_time(struct str key, struct str value, int64_t *seconds_out, uint32_t *ns_out,
                 struct err *e)
{
	struct str whole, decimals;
	uint64_t seconds, ns = 0;
	bool negative = str_starts(value, S("-"));
	str_cut(str_skip(value, negative), '.', &whole, &decimals);
	if (num_parse_digits(whole, 10, &seconds) || seconds > INT64_MAX - 1)
		return bad(key, "is not a time", e);
	for (size_t i = 0; i < 9; i++) {
		char c = i < decimals.len ? decimals.p[i] : '0';
		if (c < '0' || c > '9')
			return bad(key, "is not a time", e);
		ns = ns * 10 + (uint64_t)(c - '0');
	}
	*seconds_out = negative ? -(int64_t)seconds - (ns > 0) : (int64_t)seconds;
	*ns_out = (uint32_t)(negative && ns > 0 ? 1000000000U - ns : ns);
	return 0;
}

static int set_time(struct tar_pax *out, struct str key, struct str value, struct err *e)
{
	if (out->has_mtime)
		return bad(key, "comes twice", e);
	out->has_mtime = true;
	return tar_pax_time(key, value, &out->mtime_s, &out->mtime_ns, e);
}

static int add_xattr(struct tar_pax *out, const struct limits *limits, struct tar_scratch *s,
                     struct str name, struct str value, struct err *e)
{
	out->xattr_bytes += name.len + value.len;
	if (out->xattr_bytes > limits->max_xattr_bytes)
		return bad(name, "the attributes are larger than the limit", e);
	if (name.len > 255 || name.len == 0 || memchr(name.p, '\0', name.len))
		return bad(name, "is not the name of an attribute", e);
	if (out->xattr_count == s->xattrs_cap) {
		s->xattrs_cap = s->xattrs_cap ? 2 * s->xattrs_cap : 8;
		s->xattrs = mem_grow(s->xattrs, s->xattrs_cap, sizeof(s->xattrs[0]));
	}
	s->xattrs[out->xattr_count++] = (struct entry_xattr){ name, value };
	return 0;
}

static int set_sparse(struct tar_pax *out, struct str key, struct str value, struct err *e)
{
	struct str rest = str_skip(key, S("GNU.sparse.").len);
	if (str_is(rest, "major"))
		return set_constant(&out->sparse_major, key, value, "1", e);
	if (str_is(rest, "minor"))
		return set_constant(&out->sparse_minor, key, value, "0", e);
	if (str_is(rest, "name"))
		return set_text(&out->sparse_name, key, value, e);
	if (str_is(rest, "realsize"))
		return set_number(&out->realsize, &out->has_realsize, key, value, e);
	return bad(key, "is not of sparse format 1.0", e);
}

static int set(struct tar_pax *out, const struct limits *limits, struct tar_scratch *s,
               struct str key, struct str value, struct err *e)
{
	static const char xattr[] = "SCHILY.xattr.";
	if (str_is(key, "path"))
		return set_text(&out->path, key, value, e);
	if (str_is(key, "linkpath"))
		return set_text(&out->link, key, value, e);
	if (str_is(key, "size"))
		return set_number(&out->size, &out->has_size, key, value, e);
	if (str_is(key, "uid"))
		return set_number(&out->uid, &out->has_uid, key, value, e);
	if (str_is(key, "gid"))
		return set_number(&out->gid, &out->has_gid, key, value, e);
	if (str_is(key, "mtime"))
		return set_time(out, key, value, e);
	if (str_starts(key, str_of(xattr)))
		return add_xattr(out, limits, s, str_skip(key, sizeof(xattr) - 1), value, e);
	if (str_starts(key, S("GNU.sparse.")))
		return set_sparse(out, key, value, e);
	out->again |= str_is(key, "comment") && str_is(value, TAR_AGAIN);
	return 0;
}

int tar_pax_next(struct str *text, struct str *key, struct str *value, struct err *e)
{
	struct str digits, rest;
	uint64_t len;
	if (!str_cut(str_head(*text, 24), ' ', &digits, NULL) ||
	    num_parse_digits(digits, 10, &len) || len > text->len || len < digits.len + 4)
		return bad(str_head(*text, 24), "the length is wrong", e);
	rest = str_skip(str_head(*text, (size_t)len), digits.len + 1);
	*text = str_skip(*text, (size_t)len);
	if (rest.p[rest.len - 1] != '\n' ||
	    !str_cut(str_head(rest, rest.len - 1), '=', key, value) || key->len == 0)
		return bad(str_head(rest, 24), "is not KEY=VALUE and a newline", e);
	return 0;
}

int tar_pax_parse(struct str text, const struct limits *limits, struct tar_scratch *s,
                  struct tar_pax *out, struct err *e)
{
	*out = (struct tar_pax){ .has_size = false };
	while (text.len > 0) {
		struct str key, value;
		if (tar_pax_next(&text, &key, &value, e) || set(out, limits, s, key, value, e))
			return -1;
	}
	return 0;
}
