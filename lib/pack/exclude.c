/* An ordered list of patterns of .gitignore. */
#include "pack/exclude.h"

#include <string.h>

#include "base/codec.h"
#include "base/mem.h"
#include "pack/names.h"
#include "pack/wild.h"

enum { PATTERN_MAX = 4096 };

struct rule {
	char *text;
	size_t len;
	bool literal;
	bool negated;  /* "!": comes back in */
	bool dir_only; /* "x/" */
	bool anchored; /* matched against the whole path, else against the last component */
};

struct exclude {
	struct rule *rules;
	size_t count, cap;
};

struct exclude *exclude_new(void)
{
	return mem_new(1, sizeof(struct exclude));
}

void exclude_free(struct exclude *x)
{
	if (!x)
		return;
	for (size_t i = 0; i < x->count; i++)
		mem_free(x->rules[i].text);
	mem_free(x->rules);
	mem_free(x);
}

void exclude_free_auto(struct exclude **x)
{
	exclude_free(*x);
	*x = NULL;
}

static void add(struct exclude *x, struct rule rule, struct str text)
{
	if (x->count == x->cap) {
		x->cap = x->cap ? 2 * x->cap : 16;
		x->rules = mem_grow(x->rules, x->cap, sizeof(x->rules[0]));
	}
	rule.text = mem_str(text);
	rule.len = text.len;
	x->rules[x->count++] = rule;
}

/* Spaces at the end do not count unless the last is escaped. */
static struct str trim_end(struct str s)
{
	while (s.len > 0 && s.p[s.len - 1] == ' ' && !(s.len > 1 && s.p[s.len - 2] == '\\'))
		s.len--;
	return s;
}

static int refuse(struct str pattern, const char *why, struct err *e)
{
	return err_set(e, ERR_KIND_USAGE, "exclude pattern '%s': %s", names_show(pattern).text,
	               why);
}

int exclude_add(struct exclude *x, struct str pattern, struct err *e)
{
	struct rule rule = { .literal = false };
	struct str rest = trim_end(pattern);
	if (str_starts(rest, S("!"))) {
		rule.negated = true;
		rest = str_skip(rest, 1);
	}
	while (str_ends(rest, S("/"))) {
		rule.dir_only = true;
		rest.len--;
	}
	rule.anchored = str_index(rest, '/') >= 0;
	while (str_starts(rest, S("/")))
		rest = str_skip(rest, 1);
	if (rest.len == 0)
		return refuse(pattern, "matches nothing", e);
	if (rest.len > PATTERN_MAX || memchr(rest.p, '\0', rest.len))
		return refuse(pattern, "is too long or contains a NUL", e);
	if (!wild_valid(rest))
		return refuse(pattern,
		              "has a '[' without ']', an unknown [:class:], or ends in a backslash",
		              e);
	add(x, rule, rest);
	return 0;
}

int exclude_add_lines(struct exclude *x, struct str text, struct err *e)
{
	unsigned number = 0;
	while (text.len > 0) {
		struct str line;
		number++;
		str_cut(text, '\n', &line, &text);
		if (str_ends(line, S("\r")))
			line.len--;
		if (trim_end(line).len == 0 || line.p[0] == '#')
			continue;
		if (exclude_add(x, line, e))
			return err_context(e, "line %u", number);
	}
	return 0;
}

void exclude_add_literal(struct exclude *x, struct str path)
{
	while (str_ends(path, S("/")))
		path.len--;
	add(x, (struct rule){ .literal = true }, path);
}

static bool matches(const struct rule *r, struct str path, bool is_dir)
{
	struct str text = str_from(r->text, r->len);
	if (r->literal)
		return names_within(path, text);
	if (r->dir_only && !is_dir)
		return false;
	return wild_match(text, r->anchored ? path : names_last(path));
}

int exclude_word(const struct exclude *x, struct str path, bool is_dir)
{
	for (size_t i = x ? x->count : 0; i > 0; i--)
		if (matches(&x->rules[i - 1], path, is_dir))
			return x->rules[i - 1].negated ? -1 : 1;
	return 0;
}

bool exclude_match_below(const struct exclude *x, struct str path, bool is_dir)
{
	return exclude_word(x, path, is_dir) > 0;
}

bool exclude_match(const struct exclude *x, struct str path, bool is_dir)
{
	if (!x || x->count == 0)
		return false;
	for (size_t i = 1; i < path.len; i++)
		if (path.p[i] == '/' && exclude_match_below(x, str_head(path, i), true))
			return true;
	return exclude_match_below(x, path, is_dir);
}
