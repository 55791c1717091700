/* Wildcards without recursion: when something does not fit, the last '*' takes a byte more; when that meets a '/', the
 * last "**" takes a component more. Earlier stars never need to be tried again. */
#include "pack/wild.h"

#include <ctype.h>

/* A point to come back to: the pattern behind a star, and the text that the star has not taken. */
struct point {
	size_t p, t;
	bool set;
};

static const struct class
{
	const char *name;
	int (*has)(int c);
} classes[] = {
	{ "alnum", isalnum }, { "alpha", isalpha }, { "blank", isblank }, { "cntrl", iscntrl },
	{ "digit", isdigit }, { "graph", isgraph }, { "lower", islower }, { "print", isprint },
	{ "punct", ispunct }, { "space", isspace }, { "upper", isupper }, { "xdigit", isxdigit },
};

static const struct class *class_of(struct str name)
{
	for (size_t i = 0; i < COUNTOF(classes); i++)
		if (str_is(name, classes[i].name))
			return &classes[i];
	return NULL;
}

/* The name of the class at s.p[at], as "alpha" of "[:alpha:]"; false when there is none: a '[' like any other byte. */
static bool class_at(struct str s, size_t at, struct str *name)
{
	struct str rest = str_skip(s, at);
	if (!str_starts(rest, S("[:")))
		return false;
	ptrdiff_t end = str_index(str_skip(rest, 2), ']');
	*name = end < 1 ? S("") : str_from(rest.p + 2, (size_t)end - 1);
	return end >= 1 && name->p[name->len] == ':';
}

enum { CLASS_MORE = 4 }; /* what is around the name */

/* The length of the bracket expression at pattern.p[at] (which is '['), or 0 when it does not end or names an unknown class. */
static size_t bracket_len(struct str pattern, size_t at)
{
	size_t i = at + 1;
	if (i < pattern.len && (pattern.p[i] == '!' || pattern.p[i] == '^'))
		i++;
	/* A ']' in first place is one of the bytes. */
	size_t first = i;
	for (; i < pattern.len; i++) {
		struct str name;
		/* Behind a '-' it ends a range. */
		bool ends_range = i > first + 1 && pattern.p[i - 1] == '-';
		bool is_class = !ends_range && class_at(pattern, i, &name);
		if (is_class && !class_of(name))
			return 0;
		if (is_class)
			i += name.len + CLASS_MORE - 1;
		else if (pattern.p[i] == '\\')
			i++;
		else if (pattern.p[i] == ']' && i > first)
			return i + 1 - at;
	}
	return 0;
}

bool wild_valid(struct str pattern)
{
	for (size_t i = 0; i < pattern.len; i++) {
		size_t len = 1;
		if (pattern.p[i] == '\\')
			len = i + 1 < pattern.len ? 2 : 0;
		else if (pattern.p[i] == '[')
			len = bracket_len(pattern, i);
		if (len == 0)
			return false;
		i += len - 1;
	}
	return true;
}

static unsigned char take(struct str s, size_t *i)
{
	if (s.p[*i] == '\\' && *i + 1 < s.len)
		++*i;
	return (unsigned char)s.p[(*i)++];
}

/* `inside` is what is between the brackets. */
static bool in_bracket(struct str inside, unsigned char c)
{
	bool negated = inside.len > 0 && (inside.p[0] == '!' || inside.p[0] == '^');
	bool found = false;
	for (size_t i = negated; i < inside.len;) {
		struct str name;
		if (class_at(inside, i, &name)) {
			found |= c < 0x80 && class_of(name)->has(c);
			i += name.len + CLASS_MORE;
			continue;
		}
		unsigned char low = take(inside, &i), high = low;
		if (i + 1 < inside.len && inside.p[i] == '-') {
			i++;
			high = take(inside, &i);
		}
		found |= c >= low && c <= high;
	}
	return found != negated;
}

/* Match one byte of text; *p moves behind what matched it. */
static bool match_byte(struct str pattern, size_t *p, unsigned char c)
{
	size_t at = *p;
	if (pattern.p[at] == '?' && c != '/') {
		*p = at + 1;
		return true;
	}
	if (pattern.p[at] == '[') {
		size_t len = bracket_len(pattern, at);
		if (len == 0 || c == '/' || !in_bracket(str_from(pattern.p + at + 1, len - 2), c))
			return false;
		*p = at + len;
		return true;
	}
	if (pattern.p[at] == '?' || take(pattern, &at) != c)
		return false;
	*p = at;
	return true;
}

/* Whether "**" stands at `p`, alone between slashes and ends; *next is behind it and its slash. */
static bool spans(struct str pattern, size_t p, size_t *next)
{
	if (p + 1 >= pattern.len || pattern.p[p + 1] != '*' || (p > 0 && pattern.p[p - 1] != '/'))
		return false;
	*next = p + 2;
	if (*next == pattern.len)
		return true;
	return pattern.p[(*next)++] == '/';
}

/* The next place where a component begins, behind `t`; false when there is none. */
static bool next_component(struct str text, size_t *t)
{
	while (*t < text.len && text.p[*t] != '/')
		++*t;
	return (*t)++ < text.len;
}

/* Let the last star take more. */
static bool retry(struct str text, struct point *star, struct point *span, size_t *p, size_t *t)
{
	if (star->set && star->t < text.len && text.p[star->t] != '/') {
		star->t++;
		*p = star->p;
		*t = star->t;
		return true;
	}
	star->set = false;
	if (!span->set || !next_component(text, &span->t))
		return false;
	*p = span->p;
	*t = span->t;
	return true;
}

bool wild_match(struct str pattern, struct str text)
{
	struct point star = { .set = false }, span = { .set = false };
	size_t p = 0, t = 0, next;
	for (;;) {
		if (p < pattern.len && pattern.p[p] == '*') {
			bool wide = spans(pattern, p, &next);
			/* At the end it takes all that is left, but not nothing. */
			if (wide && next == pattern.len && pattern.p[next - 1] == '*')
				return t < text.len;
			struct point here = { .p = wide ? next : p + 1, .t = t, .set = true };
			*(wide ? &span : &star) = here;
			if (wide)
				star.set = false;
			p = here.p;
			continue;
		}
		if (p == pattern.len && t == text.len)
			return true;
		if (p < pattern.len && t < text.len &&
		    match_byte(pattern, &p, (unsigned char)text.p[t])) {
			t++;
			continue;
		}
		if (!retry(text, &star, &span, &p, &t))
			return false;
	}
}
