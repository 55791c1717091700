/* Views of bytes. */
#include "base/str.h"

#include <string.h>

struct str str_of(const char *text)
{
	return text ? (struct str){ text, strlen(text) } : (struct str){ "", 0 };
}

struct str str_from(const void *p, size_t len)
{
	return (struct str){ p ? p : "", p ? len : 0 };
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool str_eq(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

bool str_eq_nocase(struct str a, struct str b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	}
	return true;
}

bool str_is(struct str a, const char *text)
{
	return str_eq(a, str_of(text));
}

bool str_is_any(struct str s, const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (str_is(s, texts[i]))
			return true;
	}
	return false;
}

int str_cmp(struct str a, struct str b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common > 0 ? memcmp(a.p, b.p, common) : 0;
	if (order != 0)
		return order;
	return (a.len > b.len) - (a.len < b.len);
}

bool str_starts(struct str s, struct str prefix)
{
	return s.len >= prefix.len && str_eq(str_head(s, prefix.len), prefix);
}

bool str_ends(struct str s, struct str suffix)
{
	return s.len >= suffix.len && str_eq(str_skip(s, s.len - suffix.len), suffix);
}

struct str str_skip(struct str s, size_t n)
{
	if (n >= s.len)
		return (struct str){ s.len > 0 ? s.p + s.len : s.p, 0 };
	return (struct str){ s.p + n, s.len - n };
}

struct str str_head(struct str s, size_t n)
{
	return (struct str){ s.p, n < s.len ? n : s.len };
}

static void store(struct str *where, struct str s)
{
	if (where)
		*where = s;
}

bool str_cut(struct str s, char sep, struct str *head, struct str *tail)
{
	ptrdiff_t at = str_index(s, sep);
	size_t n = at < 0 ? s.len : (size_t)at;
	store(head, str_head(s, n));
	store(tail, at < 0 ? str_skip(s, n) : str_skip(s, n + 1));
	return at >= 0;
}

bool str_cut_last(struct str s, char sep, struct str *head, struct str *tail)
{
	size_t n = s.len;
	while (n > 0 && s.p[n - 1] != sep)
		n--;
	store(head, str_head(s, n > 0 ? n - 1 : 0));
	store(tail, str_skip(s, n));
	return n > 0;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str str_trim(struct str s)
{
	while (s.len > 0 && is_space(s.p[s.len - 1]))
		s.len--;
	while (s.len > 0 && is_space(s.p[0]))
		s = str_skip(s, 1);
	return s;
}

ptrdiff_t str_index(struct str s, char c)
{
	const char *at = s.len > 0 ? memchr(s.p, c, s.len) : NULL;
	return at ? at - s.p : -1;
}

bool str_has(struct str s, struct str needle)
{
	if (needle.len == 0)
		return true;
	while (s.len >= needle.len) {
		ptrdiff_t at = str_index(str_head(s, s.len - needle.len + 1), needle.p[0]);
		if (at < 0)
			return false;
		s = str_skip(s, (size_t)at);
		if (memcmp(s.p, needle.p, needle.len) == 0)
			return true;
		s = str_skip(s, 1);
	}
	return false;
}

int str_copy(struct str s, char *out, size_t cap)
{
	bool fits = s.len < cap && str_index(s, '\0') < 0;
	if (cap > 0)
		out[0] = '\0';
	if (!fits)
		return -1;
	if (s.len > 0)
		memcpy(out, s.p, s.len);
	out[s.len] = '\0';
	return 0;
}

/* The length of the bracket expression that `p` starts with, or 0 when it is not closed (then
 * '[' is an ordinary byte). A ']' right after the opening stands for itself. */
static size_t set_length(struct str p)
{
	size_t i = 1;
	if (i < p.len && (p.p[i] == '!' || p.p[i] == '^'))
		i++;
	if (i < p.len && p.p[i] == ']')
		i++;
	while (i < p.len && p.p[i] != ']')
		i += p.p[i] == '\\' ? 2 : 1;
	return i < p.len ? i + 1 : 0;
}

/* The next byte of a set, with a backslash taken off. */
static unsigned char set_byte(struct str *set)
{
	if (set->len > 1 && set->p[0] == '\\')
		*set = str_skip(*set, 1);
	unsigned char c = (unsigned char)set->p[0];
	*set = str_skip(*set, 1);
	return c;
}

/* `set` is what stands between the brackets. */
static bool in_set(struct str set, unsigned char c)
{
	bool negated = set.p[0] == '!' || set.p[0] == '^';
	if (negated)
		set = str_skip(set, 1);
	bool found = false;
	while (set.len > 0) {
		unsigned char low = set_byte(&set);
		unsigned char high = low;
		if (set.len >= 2 && set.p[0] == '-') {
			set = str_skip(set, 1);
			high = set_byte(&set);
		}
		found = found || (c >= low && c <= high);
	}
	return found != negated;
}

/* How many bytes of the pattern `p` match the one byte `c`; 0: it does not match. */
static size_t match_one(struct str p, char c)
{
	if (p.p[0] == '?')
		return 1;
	size_t set = p.p[0] == '[' ? set_length(p) : 0;
	if (set > 0)
		return in_set((struct str){ p.p + 1, set - 2 }, (unsigned char)c) ? set : 0;
	if (p.p[0] == '\\' && p.len > 1)
		return p.p[1] == c ? 2 : 0;
	return p.p[0] == c ? 1 : 0;
}

bool str_glob(struct str pattern, struct str s)
{
	struct str p = pattern;
	struct str after_star = { NULL, 0 };
	struct str retry = { NULL, 0 };
	/* Only the last star needs to be tried again: what stood before it matched as early as
	 * it could, and a longer run for an earlier star cannot make more of the rest match. */
	while (s.len > 0) {
		if (p.len > 0 && p.p[0] == '*') {
			p = str_skip(p, 1);
			after_star = p;
			retry = s;
			continue;
		}
		size_t used = p.len > 0 ? match_one(p, s.p[0]) : 0;
		if (used > 0) {
			p = str_skip(p, used);
			s = str_skip(s, 1);
			continue;
		}
		if (!after_star.p)
			return false;
		retry = str_skip(retry, 1);
		p = after_star;
		s = retry;
	}
	while (p.len > 0 && p.p[0] == '*')
		p = str_skip(p, 1);
	return p.len == 0;
}
