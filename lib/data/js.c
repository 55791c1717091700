/* JSON through jansson: a struct js is a json_t. */
#include "data/js.h"

#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "base/mem.h"
#include "base/utf8.h"

enum { DEPTH_MAX = 64, KEY_SHOWN_MAX = 128 };

static json_t *value_of(struct js *v)
{
	return (json_t *)(void *)v;
}

static const json_t *view_of(const struct js *v)
{
	return (const json_t *)(const void *)v;
}

/* jansson gives NULL only when there is no memory, as long as it is not asked for nonsense. */
static struct js *wrap(json_t *v)
{
	if (!v)
		mem_exhausted();
	return (struct js *)(void *)v;
}

/* Whether brackets are nested deeper than DEPTH_MAX; jansson's own limit, 2048 levels of
 * recursion, is more than a small stack bears. What is no JSON at all is left to jansson. */
static bool too_deep(struct str text)
{
	size_t depth = 0;
	bool in_string = false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.p[i];
		if (in_string) {
			i += c == '\\' ? 1 : 0;
			in_string = c != '"';
			continue;
		}
		in_string = c == '"';
		if (c == '[' || c == '{')
			depth++;
		else if ((c == ']' || c == '}') && depth > 0)
			depth--;
		if (depth > DEPTH_MAX)
			return true;
	}
	return false;
}

/* Our words for what is wrong: jansson's quote the document, which may hold a secret. */
static const char *reason(enum json_error_code code)
{
	static const struct {
		enum json_error_code code;
		const char *text;
	} reasons[] = {
		{ json_error_invalid_utf8, "it is not UTF-8" },
		{ json_error_premature_end_of_input, "it ends too early" },
		{ json_error_end_of_input_expected, "something follows the document" },
		{ json_error_duplicate_key, "an object has the same key twice" },
		{ json_error_numeric_overflow, "a number is too large" },
		{ json_error_null_byte_in_key, "a key holds a zero byte" },
	};
	for (size_t i = 0; i < COUNTOF(reasons); i++) {
		if (reasons[i].code == code)
			return reasons[i].text;
	}
	return "the syntax is wrong";
}

int js_parse(struct str text, const char *what, struct js **out, struct err *e)
{
	*out = NULL;
	/* jansson reads over a zero byte behind a number. */
	if (str_index(text, '\0') >= 0)
		return err_set(e, ERR_KIND_DATA, "%s: not valid JSON: there is a zero byte in it",
		               what);
	if (too_deep(text))
		return err_set(e, ERR_KIND_DATA, "%s: JSON nested deeper than %d levels", what,
		               (int)DEPTH_MAX);
	json_error_t error = { .line = 0 };
	size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL;
	json_t *v = json_loadb(text.p, text.len, flags, &error);
	if (v) {
		*out = wrap(v);
		return 0;
	}
	enum json_error_code code = json_error_code(&error);
	if (code == json_error_out_of_memory)
		mem_exhausted();
	return err_set(e, ERR_KIND_DATA, "%s: not valid JSON: line %d, column %d: %s", what,
	               error.line, error.column, reason(code));
}

void js_free(struct js *v)
{
	json_decref(value_of(v));
}

void js_free_auto(struct js **v)
{
	js_free(*v);
}

struct js *js_copy(const struct js *v)
{
	return wrap(json_deep_copy(view_of(v)));
}

struct js *js_object(void)
{
	return wrap(json_object());
}

struct js *js_array(void)
{
	return wrap(json_array());
}

/* Append `s` with U+FFFD for each byte that is not UTF-8. */
static void add_repaired(struct str s, struct buf *out)
{
	while (s.len > 0) {
		size_t n = utf8_next(s, NULL);
		buf_add_str(out, n > 0 ? str_head(s, n) : S("\xEF\xBF\xBD"));
		s = str_skip(s, n > 0 ? n : 1);
	}
}

static json_t *new_string(struct str s)
{
	if (utf8_valid(s))
		return json_stringn_nocheck(s.p, s.len);
	BUF_AUTO repaired = buf_make(SIZE_MAX);
	add_repaired(s, &repaired);
	return json_stringn_nocheck(repaired.p, repaired.len);
}

static int set_field(json_t *object, struct str key, json_t *value)
{
	if (utf8_valid(key))
		return json_object_setn_new_nocheck(object, key.p, key.len, value);
	BUF_AUTO repaired = buf_make(SIZE_MAX);
	add_repaired(key, &repaired);
	return json_object_setn_new_nocheck(object, repaired.p, repaired.len, value);
}

void js_set(struct js *o, const char *key, struct js *value)
{
	json_t *container = value_of(o);
	assert(key ? json_is_object(container) : json_is_array(container));
	assert(value && value != o);
	int result = key ? set_field(container, str_of(key), value_of(value))
	                 : json_array_append_new(container, value_of(value));
	if (result < 0)
		mem_exhausted();
}

void js_set_str(struct js *o, const char *key, struct str value)
{
	js_set(o, key, wrap(new_string(value)));
}

void js_set_text(struct js *o, const char *key, const char *value)
{
	js_set_str(o, key, str_of(value));
}

void js_set_path(struct js *o, const char *key, struct str value)
{
	js_set_str(o, key, value);
	if (!key)
		return;
	char hex_key[KEY_SHOWN_MAX];
	int len = snprintf(hex_key, sizeof(hex_key), "%s_hex", key);
	assert(len > 0 && (size_t)len < sizeof(hex_key));
	js_remove(o, hex_key);
	if (utf8_valid(value))
		return;
	MEM_AUTO char *hex = mem_new(2 * value.len + 1, 1);
	js_set_text(o, hex_key, codec_hex(value.p, value.len, hex));
}

void js_set_int(struct js *o, const char *key, int64_t value)
{
	js_set(o, key, wrap(json_integer(value)));
}

void js_set_bool(struct js *o, const char *key, bool value)
{
	js_set(o, key, wrap(json_boolean(value)));
}

void js_set_null(struct js *o, const char *key)
{
	js_set(o, key, wrap(json_null()));
}

void js_remove(struct js *o, const char *key)
{
	/* A key that is not there is as good as one that was removed. */
	(void)json_object_del(value_of(o), key);
}

static int add_bytes(const char *p, size_t len, void *out)
{
	buf_add(out, p, len);
	return 0;
}

static void format(const struct js *v, size_t flags, struct buf *out)
{
	if (json_dump_callback(view_of(v), add_bytes, out, flags | JSON_ENCODE_ANY) < 0)
		mem_exhausted();
}

void js_format(const struct js *v, struct buf *out)
{
	format(v, JSON_COMPACT, out);
}

void js_format_pretty(const struct js *v, struct buf *out)
{
	format(v, JSON_INDENT(2), out);
}
