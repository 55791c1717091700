/* Looking into JSON documents. */
#include <jansson.h>
#include <stdio.h>

#include "base/codec.h"
#include "data/js.h"

enum { KEY_MAX = 64 };

static const json_t *view_of(const struct js *v)
{
	return (const json_t *)(const void *)v;
}

/* jansson iterates only over what it may change; nothing here does. */
static json_t *iterable(const struct js *v)
{
	return (json_t *)(uintptr_t)v;
}

static struct js *wrap(json_t *v)
{
	return (struct js *)(void *)v;
}

static struct str string_of(const json_t *v)
{
	return str_from(json_string_value(v), json_string_length(v));
}

struct js *js_get(const struct js *o, const char *key)
{
	return wrap(json_object_get(view_of(o), key));
}

struct str js_get_str(const struct js *o, const char *key)
{
	return string_of(json_object_get(view_of(o), key));
}

int js_get_path(const struct js *o, const char *key, struct buf *out)
{
	char hex_key[KEY_MAX];
	snprintf(hex_key, sizeof(hex_key), "%s_hex", key);
	struct str hex = js_get_str(o, hex_key);
	if (hex.len == 0) {
		buf_add_str(out, js_get_str(o, key));
		return out->too_large ? -1 : 0;
	}
	char *room = buf_room(out, hex.len / 2);
	if (!room || codec_unhex(hex, room, hex.len / 2) != 0)
		return -1;
	buf_grew(out, hex.len / 2);
	return 0;
}

int64_t js_get_int(const struct js *o, const char *key, int64_t otherwise)
{
	const json_t *v = json_object_get(view_of(o), key);
	return json_is_integer(v) ? json_integer_value(v) : otherwise;
}

bool js_get_bool(const struct js *o, const char *key, bool otherwise)
{
	const json_t *v = json_object_get(view_of(o), key);
	return json_is_boolean(v) ? json_is_true(v) : otherwise;
}

bool js_is_object(const struct js *v)
{
	return json_is_object(view_of(v));
}

bool js_is_array(const struct js *v)
{
	return json_is_array(view_of(v));
}

bool js_is_string(const struct js *v)
{
	return json_is_string(view_of(v));
}

size_t js_count(const struct js *v)
{
	return js_is_array(v) ? json_array_size(view_of(v)) : json_object_size(view_of(v));
}

struct js *js_at(const struct js *array, size_t index)
{
	return wrap(json_array_get(view_of(array), index));
}

struct str js_value_str(const struct js *v)
{
	return string_of(view_of(v));
}

static void *iterator_at(const struct js *object, size_t index)
{
	void *at = json_object_iter(iterable(object));
	while (at && index-- > 0)
		at = json_object_iter_next(iterable(object), at);
	return at;
}

struct str js_key_at(const struct js *object, size_t index)
{
	void *at = iterator_at(object, index);
	if (!at)
		return S("");
	return str_from(json_object_iter_key(at), json_object_iter_key_len(at));
}

struct js *js_field_at(const struct js *object, size_t index)
{
	void *at = iterator_at(object, index);
	return at ? wrap(json_object_iter_value(at)) : NULL;
}
