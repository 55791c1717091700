/* A recursive descent over the text that keeps nothing. */
#include "data/js_skim.h"

#include <string.h>

#include "base/defs.h"
#include "base/num.h"

enum { DEPTH_MAX = 16, KEYS_MAX = 64 };

struct skim {
	const char *p, *end;
	struct js_skim_field *fields; /* of the outermost object */
	size_t count;
};

static bool value(struct skim *s, unsigned depth, struct js_skim_field *out);

static void space(struct skim *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\t' || *s->p == '\r'))
		s->p++;
}

static bool take(struct skim *s, char c)
{
	space(s);
	if (s->p == s->end || *s->p != c)
		return false;
	s->p++;
	return true;
}

static bool string(struct skim *s, struct str *out)
{
	if (!take(s, '"'))
		return false;
	const char *start = s->p;
	while (s->p < s->end && *s->p >= ' ' && *s->p < 127 && *s->p != '"' && *s->p != '\\')
		s->p++;
	*out = str_from(start, (size_t)(s->p - start));
	return take(s, '"') && out->p + out->len + 1 == s->p;
}

/* At most 18 digits: they fit. */
static bool number(struct skim *s, int64_t *out)
{
	bool negative = *s->p == '-';
	const char *start = s->p += negative;
	for (*out = 0; s->p < s->end && *s->p >= '0' && *s->p <= '9'; s->p++)
		*out = s->p - start < 18 ? *out * 10 + (*s->p - '0') : 0;
	ptrdiff_t digits = s->p - start;
	bool plain = digits > 0 && digits <= 18 && (*start != '0' || (digits == 1 && !negative));
	*out = negative ? -*out : *out;
	/* A fraction or an exponent would follow. */
	return plain && s->p < s->end && *s->p != '.' && *s->p != 'e' && *s->p != 'E';
}

static bool word(struct skim *s, const char *text)
{
	size_t len = strlen(text);
	if ((size_t)(s->end - s->p) < len || memcmp(s->p, text, len) != 0)
		return false;
	s->p += len;
	return true;
}

static bool array(struct skim *s, unsigned depth)
{
	struct js_skim_field ignored;
	if (!take(s, '['))
		return false;
	if (take(s, ']'))
		return true;
	do {
		if (!value(s, depth, &ignored))
			return false;
	} while (take(s, ','));
	return take(s, ']');
}

/* Most names differ in their first byte: behind a key there is at least its quote. */
static bool is_known(const struct str *keys, size_t count, struct str key)
{
	for (size_t i = 0; i < count; i++) {
		if (*keys[i].p == *key.p && str_eq(keys[i], key))
			return true;
	}
	return false;
}

static void keep(struct skim *s, struct str key, const struct js_skim_field *found)
{
	for (size_t i = 0; i < s->count; i++) {
		const char *name = s->fields[i].name;
		if (*key.p != *name || !str_is(key, name))
			continue;
		s->fields[i] = *found;
		s->fields[i].name = name;
	}
}

static bool object(struct skim *s, unsigned depth)
{
	struct str keys[KEYS_MAX];
	size_t count = 0;
	if (!take(s, '{'))
		return false;
	if (take(s, '}'))
		return true;
	do {
		struct js_skim_field found;
		if (count == KEYS_MAX || !string(s, &keys[count]) ||
		    is_known(keys, count, keys[count]) || !take(s, ':') || !value(s, depth, &found))
			return false;
		if (depth == 1)
			keep(s, keys[count], &found);
		count++;
	} while (take(s, ','));
	return take(s, '}');
}

static bool scalar(struct skim *s, struct js_skim_field *out)
{
	out->kind = JS_SKIM_INT;
	if (*s->p == '-' || (*s->p >= '0' && *s->p <= '9'))
		return number(s, &out->number);
	out->kind = JS_SKIM_BOOL;
	out->number = *s->p == 't';
	if (word(s, "true") || word(s, "false"))
		return true;
	out->kind = JS_SKIM_OTHER;
	return word(s, "null");
}

static bool value(struct skim *s, unsigned depth, struct js_skim_field *out)
{
	space(s);
	const char *start = s->p;
	*out = (struct js_skim_field){ .kind = JS_SKIM_OTHER };
	if (s->p == s->end || depth == DEPTH_MAX)
		return false;
	if (*s->p == '"') {
		out->kind = JS_SKIM_TEXT;
		return string(s, &out->text);
	}
	bool ok = *s->p == '{'   ? object(s, depth + 1)
	          : *s->p == '[' ? array(s, depth + 1)
	                         : scalar(s, out);
	out->text = str_from(start, (size_t)(s->p - start));
	return ok;
}

bool js_skim(struct str text, struct js_skim_field *fields, size_t count)
{
	struct skim s = { .p = text.p, .end = text.p + text.len, .fields = fields, .count = count };
	for (size_t i = 0; i < count; i++)
		fields[i] = (struct js_skim_field){ .name = fields[i].name };
	if (!object(&s, 1))
		return false;
	space(&s);
	return s.p == s.end;
}

bool js_skim_next(struct str *rest, struct str *element)
{
	struct js_skim_field found;
	struct skim s = { .p = rest->p, .end = rest->p + rest->len };
	if (!take(&s, '[') && !take(&s, ','))
		return false;
	space(&s);
	if (!value(&s, 1, &found))
		return false;
	*element = found.kind == JS_SKIM_TEXT ? str_from(found.text.p - 1, found.text.len + 2)
	                                      : found.text;
	*rest = str_from(s.p, (size_t)(s.end - s.p));
	return true;
}
