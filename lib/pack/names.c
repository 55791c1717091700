/* Paths from outside. The only place where a path of an archive becomes one that is used. */
#include "pack/names.h"

#include <string.h>

#include "base/codec.h"

enum { COMPONENT_MAX = 255 };

struct names_shown names_show(struct str path)
{
	struct names_shown shown;
	codec_quoted(path, shown.text, sizeof(shown.text));
	return shown;
}

static int refuse(struct str path, const char *why, struct err *e)
{
	return err_set(e, ERR_KIND_DATA, "'%s': %s", names_show(path).text, why);
}

static int check_whole(struct str path, const struct limits *limits, struct err *e)
{
	if (path.len > limits->max_name_bytes)
		return refuse(path, "the name is longer than the limit", e);
	if (path.len > 0 && path.p[0] == '/')
		return refuse(path, "climbs out: the name is absolute", e);
	if (path.len > 0 && memchr(path.p, '\0', path.len))
		return refuse(path, "the name contains a NUL", e);
	return 0;
}

int names_clean(struct str path, unsigned strip, const struct limits *limits, struct buf *out,
                struct err *e)
{
	buf_clear(out);
	if (check_whole(path, limits, e))
		return -1;
	struct str rest = path, part;
	size_t depth = 0;
	while (rest.len > 0) {
		str_cut(rest, '/', &part, &rest);
		if (part.len == 0 || str_is(part, "."))
			continue;
		if (str_is(part, ".."))
			return refuse(path, "climbs out through '..'", e);
		if (part.len > COMPONENT_MAX)
			return refuse(path, "a component is longer than 255 bytes", e);
		if (++depth > limits->max_depth)
			return refuse(path, "is deeper than the limit", e);
		if (depth <= strip)
			continue;
		if (out->len > 0)
			buf_add_char(out, '/');
		buf_add_str(out, part);
	}
	if (buf_check(out, e, "a name"))
		return -1;
	return out->len > 0 || depth == 0;
}

int names_cmp(struct str a, struct str b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	size_t i = 0;
	while (i < n && a.p[i] == b.p[i])
		i++;
	/* The end of a path comes first, then '/', then all other bytes. */
	int x = i == a.len ? 0 : a.p[i] == '/' ? 1 : 2 + (unsigned char)a.p[i];
	int y = i == b.len ? 0 : b.p[i] == '/' ? 1 : 2 + (unsigned char)b.p[i];
	return x - y;
}

bool names_within(struct str path, struct str top)
{
	if (!str_starts(path, top))
		return false;
	return top.len == 0 || path.len == top.len || path.p[top.len] == '/';
}

struct str names_parent(struct str path)
{
	struct str head;
	str_cut_last(path, '/', &head, NULL);
	return head;
}

struct str names_last(struct str path)
{
	struct str tail;
	str_cut_last(path, '/', NULL, &tail);
	return tail;
}
