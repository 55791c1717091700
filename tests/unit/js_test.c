/* js: JSON documents, strictly read and plainly written. */
#include <dirent.h>

#include "data/js.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tests/unit/mutate.h"
#include "tests/unit/slurp.h"
#include "tests/unit/tap.h"

static void test_build(void)
{
	JS_AUTO o = js_object();
	js_set_text(o, "z", "first");
	js_set_int(o, "a", INT64_MIN);
	js_set_bool(o, "yes", true);
	js_set_bool(o, "no", false);
	js_set_null(o, "nothing");
	js_set_str(o, "quoted", str_from("\"\\\n\t\0\x1f/", 7));
	js_set_text(o, "utf8", "\xC3\xA4\xE2\x82\xAC");
	struct js *list = js_array();
	js_set_int(list, NULL, 1);
	js_set_text(list, NULL, "two");
	js_set(list, NULL, js_object());
	js_set(o, "list", list);
	BUF_AUTO out = buf_make(4096);
	js_format(o, &out);
	TAP_TEXT(
		out.p,
		"{\"z\":\"first\",\"a\":-9223372036854775808,\"yes\":true,\"no\":false,\"nothing\":null,"
		"\"quoted\":\"\\\"\\\\\\n\\t\\u0000\\u001F/\",\"utf8\":\"\xC3\xA4\xE2\x82\xAC\","
		"\"list\":[1,\"two\",{}]}",
		"a document is one line with keys in the order they were set");
	js_set_text(o, "z", "again");
	js_remove(o, "quoted");
	js_remove(o, "not there");
	TAP_OK(str_is(js_get_str(o, "z"), "again") && js_count(o) == 7 &&
	               str_is(js_key_at(o, 0), "z"),
	       "a key that is set again keeps its place, a removed one is gone");
	buf_clear(&out);
	JS_AUTO small = js_array();
	js_set_bool(small, NULL, true);
	js_set(small, NULL, js_array());
	js_format_pretty(small, &out);
	TAP_TEXT(out.p, "[\n  true,\n  []\n]", "the pretty form is indented by two");
	BUF_AUTO tiny = buf_make(4);
	js_format(o, &tiny);
	TAP_OK(tiny.too_large, "what does not fit is told by the buffer");
}

static void test_bytes(void)
{
	JS_AUTO o = js_object();
	js_set_path(o, "path",
	            S("a/\xFF"
	              "b"));
	TAP_TEXT(js_get_str(o, "path").p,
	         "a/\xEF\xBF\xBD"
	         "b",
	         "a byte that is not UTF-8 is U+FFFD");
	TAP_TEXT(js_get_str(o, "path_hex").p, "612fff62", "and the path is there in hex");
	BUF_AUTO path = buf_make(4), small = buf_make(3);
	TAP_OK(js_get_path(o, "path", &path) == 0 && str_eq(buf_str(&path), S("a/\xFF"
	                                                                      "b")),
	       "from which it is read byte for byte");
	TAP_OK(js_get_path(o, "path", &small) != 0, "if there is room for it");
	js_set_path(o, "path", S("plain"));
	buf_clear(&path);
	TAP_OK(js_get_path(o, "none", &path) == 0 && path.len == 0,
	       "a path that is not there is empty");
	TAP_OK(str_is(js_get_str(o, "path"), "plain") && !js_get(o, "path_hex"),
	       "a path that is UTF-8 needs no hex");
	js_set_str(o, "s", S("\xED\xA0\x80\xC0\x80"));
	TAP_OK(js_get_str(o, "s").len == 15, "surrogates and overlong forms are five bad bytes");
	js_set_text(o, "k\xFF", "v");
	JS_AUTO back = NULL;
	BUF_AUTO out = buf_make(4096);
	struct err e = ERR_INIT;
	js_format(o, &out);
	TAP_INT(js_parse(buf_str(&out), "it", &back, &e), 0, "so what is written can be read");
	TAP_OK(str_is(js_get_str(back, "k\xEF\xBF\xBD"), "v"), "also when a key was not UTF-8");
	JS_AUTO list = js_array();
	js_set_path(list, NULL, S("\xFF"));
	TAP_OK(js_count(list) == 1, "an array takes the path alone");
}

static void test_get(void)
{
	struct err e = ERR_INIT;
	JS_AUTO o = NULL;
	int result = js_parse(S("{\"s\":\"a\\u0000b\",\"i\":-5,\"b\":true,\"r\":1.5,\"n\":null,"
	                        "\"l\":[10,\"x\",[]],\"o\":{\"k\":1,\"j\":2}}"),
	                      "it", &o, &e);
	TAP_INT(result, 0, "a document is read");
	TAP_OK(js_is_object(o) && !js_is_array(o) && !js_is_string(o), "it is an object");
	TAP_OK(str_eq(js_get_str(o, "s"), str_from("a\0b", 3)), "a string may hold a zero byte");
	TAP_OK(js_get_int(o, "i", 7) == -5 && js_get_bool(o, "b", false), "fields have values");
	TAP_OK(js_get_int(o, "r", 7) == 7 && js_get_int(o, "s", 7) == 7 &&
	               js_get_int(o, "x", 7) == 7,
	       "an integer is not a real, a string or absent");
	TAP_OK(js_get_bool(o, "i", true) && js_get_bool(o, "n", true), "nor is a boolean");
	TAP_OK(js_get_str(o, "i").len == 0 && js_get_str(o, "x").len == 0, "nor a string");
	struct js *l = js_get(o, "l");
	TAP_OK(js_is_array(l) && js_count(l) == 3 && str_is(js_value_str(js_at(l, 1)), "x") &&
	               js_is_string(js_at(l, 1)) && !js_at(l, 3),
	       "an array has elements");
	struct js *f = js_get(o, "o");
	TAP_OK(js_count(f) == 2 && str_is(js_key_at(f, 0), "k") && str_is(js_key_at(f, 1), "j") &&
	               js_field_at(f, 1) == js_get(f, "j") && !js_field_at(f, 2) &&
	               js_key_at(f, 2).len == 0,
	       "an object has fields in order");
	TAP_OK(!js_get(NULL, "x") && !js_get(l, "x") && js_get_int(NULL, "x", 3) == 3 &&
	               js_count(NULL) == 0 && !js_is_object(NULL) && js_value_str(NULL).len == 0 &&
	               js_value_str(l).len == 0 && !js_at(f, 0) && !js_field_at(l, 0),
	       "asking the wrong thing is answered with nothing");
	BUF_AUTO out = buf_make(4096);
	js_format(o, &out);
	TAP_TEXT(
		out.p,
		"{\"s\":\"a\\u0000b\",\"i\":-5,\"b\":true,\"r\":1.5,\"n\":null,\"l\":[10,\"x\",[]],"
		"\"o\":{\"k\":1,\"j\":2}}",
		"what was read is written the same");
}

static void test_zero_bytes(void)
{
	static const struct str rows[] = {
		{ "1\0", 2 }, { "\0", 1 }, { "[1\0]", 4 }, { "[\"\0\"]", 5 }
	};
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		struct err e = ERR_INIT;
		struct js *v = NULL;
		TAP_OK(js_parse(rows[i], "it", &v, &e) == -1 && e.kind == ERR_KIND_DATA,
		       "a zero byte in place %zu is refused", i);
	}
}

static void test_depth(void)
{
	char text[200] = "";
	struct err e = ERR_INIT;
	memset(text, '[', 64);
	memset(text + 64, ']', 64);
	JS_AUTO deep = NULL;
	TAP_INT(js_parse(str_of(text), "it", &deep, &e), 0, "64 levels are read");
	memset(text, '[', 65);
	memset(text + 65, ']', 65);
	JS_AUTO deeper = NULL;
	TAP_OK(js_parse(str_of(text), "it", &deeper, &e) == -1 && !deeper, "65 are refused");
	TAP_TEXT(e.msg, "it: JSON nested deeper than 64 levels", "and said so");
	JS_AUTO string = NULL;
	err_clear(&e);
	char quoted[256];
	memset(text, '[', 100);
	text[100] = '\0';
	snprintf(quoted, sizeof(quoted), "[\"\\\"%s\", \"\\\\\", 1]", text);
	TAP_INT(js_parse(str_of(quoted), "it", &string, &e), 0, "brackets in strings do not count");
}

static void test_errors(void)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
		{ "", "it: not valid JSON: line 1, column 0: it ends too early" },
		{ "{\"a\":1", "it: not valid JSON: line 1, column 6: it ends too early" },
		{ "{}\n\nsecret",
		  "it: not valid JSON: line 3, column 6: something follows the document" },
		{ "{\"a\":1,\"a\":2}",
		  "it: not valid JSON: line 1, column 10: an object has the same key twice" },
		{ "[\"\xFF\"]", "it: not valid JSON: line 1, column 2: it is not UTF-8" },
		{ "[secret]", "it: not valid JSON: line 1, column 7: the syntax is wrong" },
		{ "[99999999999999999999]",
		  "it: not valid JSON: line 1, column 21: a number is too large" },
		{ "{\"a\\u0000\":1}",
		  "it: not valid JSON: line 1, column 10: a key holds a zero byte" },
	};
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		struct err e = ERR_INIT;
		struct js *v = NULL;
		TAP_OK(js_parse(str_of(rows[i].text), "it", &v, &e) == -1 && !v &&
		               e.kind == ERR_KIND_DATA,
		       "broken document %zu is a data error", i);
		TAP_TEXT(e.msg, rows[i].message, "that says where and why, not what");
	}
}

/* Valid JSON that is refused on purpose: an object with the same key twice means two things to two
 * readers; a key with a zero byte cannot be looked up. */
static bool stricter_on_purpose(const char *name)
{
	static const char *const names[] = {
		"y_object_duplicated_key.json",
		"y_object_duplicated_key_and_value.json",
		"y_object_escaped_null_in_key.json",
	};
	for (size_t i = 0; i < COUNTOF(names); i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

static void test_vector(const char *folder, const char *name)
{
	char path[512];
	BUF_AUTO text = buf_make(1 << 20);
	BUF_AUTO out = buf_make(1 << 20);
	struct err e = ERR_INIT;
	JS_AUTO v = NULL;
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	int result = slurp(path, &text) == 0 ? js_parse(buf_str(&text), name, &v, &e) : 1;
	bool want = name[0] == 'y' && !stricter_on_purpose(name);
	if (name[0] != 'i')
		TAP_OK(result == (want ? 0 : -1), "%s is %s", name, want ? "read" : "refused");
	if (result != 0)
		return;
	js_format(v, &out);
	JS_AUTO again = NULL;
	TAP_INT(js_parse(buf_str(&out), name, &again, &e), 0, "%s can be read after writing", name);
}

static void test_vectors(void)
{
	static const char folder[] = "../shared/vectors/json";
	DIR *dir = opendir(folder);
	if (!dir) {
		tap_skip("the published JSON documents are read or refused",
		         "no ../shared/vectors");
		return;
	}
	for (struct dirent *d = readdir(dir); d; d = readdir(dir)) {
		if (strchr("yni", d->d_name[0]) && d->d_name[1] == '_')
			test_vector(folder, d->d_name);
	}
	closedir(dir);
}

static void test_mutations(void)
{
	static const char seed[] =
		"{\"a\":[1,2.5e3,\"x\\u00e4\\n\"],\"b\":{\"c\":null,\"d\":true}}";
	struct mutate m = { 7 };
	bool sane = true;
	unsigned accepted = 0;
	for (int i = 0; i < 20000; i++) {
		struct str text = mutate_text(&m, str_of(seed), "{}[]\",:\\u0019eE-.tfn ");
		struct err e = ERR_INIT;
		JS_AUTO v = NULL;
		if (js_parse(text, "it", &v, &e) == 0) {
			BUF_AUTO once = buf_make(4096);
			BUF_AUTO twice = buf_make(4096);
			JS_AUTO again = NULL;
			js_format(v, &once);
			sane = sane && js_parse(buf_str(&once), "it", &again, &e) == 0;
			if (again)
				js_format(again, &twice);
			sane = sane && str_eq(buf_str(&once), buf_str(&twice));
			accepted++;
		}
		mutate_free(text);
	}
	TAP_OK(sane && accepted > 100, "what is read of 20000 damaged documents is written stably");
}

/* Whether memory that can be written holds the text whose bytes are `masked` with MASK, which is in no memory so. */
enum { MASK = 0x55, SECRET_LEN = 32 };

static bool holds(const unsigned char *p, size_t len, const unsigned char *masked)
{
	for (size_t i = 0; i + SECRET_LEN <= len; i++) {
		size_t same = 0;
		while (same < SECRET_LEN && p[i + same] == (masked[same] ^ MASK))
			same++;
		if (same == SECRET_LEN)
			return true;
	}
	return false;
}

static bool memory_holds(const unsigned char *masked)
{
	static unsigned char step[65536 + SECRET_LEN];
	char line[512];
	bool found = false;
	FILE *maps = fopen("/proc/self/maps", "r");
	FILE *memory = fopen("/proc/self/mem", "r");
	while (maps && memory && fgets(line, sizeof(line), maps)) {
		char *rest;
		unsigned long from = strtoul(line, &rest, 16), to = strtoul(rest + 1, &rest, 16);
		if (strncmp(rest, " rw", 3) != 0 || to - from > 64UL << 20)
			continue;
		for (unsigned long at = from; at < to; at += sizeof(step) - SECRET_LEN) {
			size_t want = to - at < sizeof(step) ? to - at : sizeof(step);
			if (fseek(memory, (long)at, SEEK_SET) != 0)
				break;
			setvbuf(memory, NULL, _IONBF, 0);
			size_t got = fread(step, 1, want, memory);
			found = found || holds(step, got, masked);
			memset(step, 0, sizeof(step));
		}
	}
	if (maps)
		fclose(maps);
	if (memory)
		fclose(memory);
	return found;
}

static void test_wiped(void)
{
	struct err e = ERR_INIT;
	unsigned char masked[SECRET_LEN];
	char text[128] = "{\"SecretAccessKey\": \"";
	size_t start = strlen(text);
	struct js *document;
	for (size_t i = 0; i < SECRET_LEN; i++) {
		masked[i] = (unsigned char)(('a' + i * 7 % 26) ^ MASK);
		text[start + i] = (char)(masked[i] ^ MASK);
	}
	memcpy(text + start + SECRET_LEN, "\"}", 3);
	TAP_OK(js_parse(str_of(text), "keys", &document, &e) == 0, "a document with a secret");
	mem_wipe(text, sizeof(text));
	TAP_OK(memory_holds(masked), "is in memory while it is used");
	js_free(document);
	TAP_OK(!memory_holds(masked), "and nowhere when it was freed");
}

int main(void)
{
	js_prepare();
	test_wiped();
	test_build();
	test_bytes();
	test_get();
	test_zero_bytes();
	test_depth();
	test_errors();
	test_vectors();
	test_mutations();
	return tap_done();
}
