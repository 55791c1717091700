/*
 * JSON documents (RFC 8259), the door to jansson. Parsing is strict: UTF-8, no duplicate keys,
 * depth 64, nothing after the document. Text out is compact, keys in the order they were set, one
 * line.
 */
#ifndef WS_DATA_JS_H
#define WS_DATA_JS_H

#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"

struct js; /* a value: object, array, string, integer, boolean, null */

/* Own the value returned; free with js_free, which frees all that was put into it. `what` names
 * the document. */
int js_parse(struct str text, const char *what, struct js **out, struct err *e) MUST_CHECK;
void js_free(struct js *v);
void js_free_auto(struct js **v);
#define JS_AUTO AUTO(js_free_auto) struct js *

/* The same value again; js_free. */
struct js *js_copy(const struct js *v);
struct js *js_object(void);
struct js *js_array(void);

/* Set a field of an object (or append, when `key` is NULL, to an array). Bytes that are not
 * UTF-8 are written as U+FFFD; js_set_path adds "<key>_hex" as well (in an object) when that
 * happened, so nothing is lost. */
void js_set_str(struct js *o, const char *key, struct str value);
void js_set_text(struct js *o, const char *key, const char *value);
void js_set_path(struct js *o, const char *key, struct str value);
void js_set_int(struct js *o, const char *key, int64_t value);
void js_set_bool(struct js *o, const char *key, bool value);
void js_set_null(struct js *o, const char *key);
/* Takes ownership of `value`. */
void js_set(struct js *o, const char *key, struct js *value);
void js_remove(struct js *o, const char *key);

/* Fields of an object; the answers are views owned by the document. Absent or of another type:
 * NULL, the empty view, `otherwise`. */
struct js *js_get(const struct js *o, const char *key);
struct str js_get_str(const struct js *o, const char *key);
int64_t js_get_int(const struct js *o, const char *key, int64_t otherwise);
bool js_get_bool(const struct js *o, const char *key, bool otherwise);
bool js_is_object(const struct js *v);
bool js_is_array(const struct js *v);
bool js_is_string(const struct js *v);
/* Elements of an array, or fields of an object in order. */
size_t js_count(const struct js *v);
struct js *js_at(const struct js *array, size_t index);
struct str js_value_str(const struct js *v);
struct str js_key_at(const struct js *object, size_t index);
struct js *js_field_at(const struct js *object, size_t index);

/* Append the document on one line, without a newline. */
void js_format(const struct js *v, struct buf *out);
/* The same with two-space indentation, for files that people read. */
void js_format_pretty(const struct js *v, struct buf *out);

#endif
