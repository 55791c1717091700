/* js_skim: a few fields without the document, and only of what js_parse reads the same. */
#include "data/js_skim.h"

#include "data/js.h"
#include "tests/unit/mutate.h"
#include "tests/unit/tap.h"

static const char document[] =
	"{\n \"version\": 1,\n \"id\": \"w0\", \"on\": true, \"off\" : false,\n"
	" \"none\": null, \"less\": -70,\n"
	" \"labels\": { \"a\": \"b\", \"c\": {} },\n \"parts\": [ { \"name\": \"x\" },"
	"\n  [], 5, \"t\" ] }\n";

static bool agrees(struct str text, const struct js_skim_field *f)
{
	JS_AUTO o = NULL;
	struct err e = ERR_INIT;
	if (js_parse(text, "text", &o, &e) != 0 || !js_is_object(o))
		return false;
	const struct js *value = js_get(o, f->name);
	if (f->kind == JS_SKIM_TEXT)
		return js_is_string(value) && str_eq(js_value_str(value), f->text);
	if (f->kind == JS_SKIM_INT)
		return js_get_int(o, f->name, f->number + 1) == f->number;
	if (f->kind == JS_SKIM_BOOL)
		return js_get_bool(o, f->name, !f->number) == (f->number != 0);
	return (value != NULL) == (f->kind != JS_SKIM_ABSENT);
}

static void test_fields(void)
{
	struct js_skim_field f[] = { { .name = "id" },     { .name = "version" },
		                     { .name = "on" },     { .name = "off" },
		                     { .name = "none" },   { .name = "less" },
		                     { .name = "labels" }, { .name = "parts" },
		                     { .name = "absent" } };
	struct str rest, element;
	size_t n = 0;
	TAP_OK(js_skim(str_of(document), f, COUNTOF(f)), "a plain document is skimmed");
	for (size_t i = 0; i < COUNTOF(f); i++)
		TAP_OK(agrees(str_of(document), &f[i]), "its field \"%s\" is what js_parse says",
		       f[i].name);
	TAP_OK(str_is(f[6].text, "{ \"a\": \"b\", \"c\": {} }"), "an object comes as its text");
	rest = f[7].text;
	static const char *const elements[] = { "{ \"name\": \"x\" }", "[]", "5", "\"t\"" };
	for (; js_skim_next(&rest, &element); n++)
		TAP_OK(n < 4 && str_is(element, elements[n]), "element %zu of an array is its text",
		       n);
	TAP_INT((int)n, 4, "and there are no more");
}

static void test_not_plain(void)
{
	static const char *const texts[] = {
		"",
		"[]",
		"{",
		"{}x",
		"{\"a\":1",
		"{\"a\":1,}",
		"{\"a\" 1}",
		"{\"a\":1,\"a\":2}",
		"{\"a\":{\"b\":1,\"b\":2}}",
		"{\"a\":\"\\n\"}",
		"{\"a\":\"\xC3\xA4\"}",
		"{\"a\":\"x\n\"}",
		"{\"a\":1.5}",
		"{\"a\":1e3}",
		"{\"a\":01}",
		"{\"a\":-0}",
		"{\"a\":-}",
		"{\"a\":9999999999999999999}",
		"{\"a\":nul}",
		"{\"a\":[1,]}",
		"{\"a\":[1 2]}",
		"{\"a\":[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]}",
	};
	for (size_t i = 0; i < COUNTOF(texts); i++) {
		struct js_skim_field f = { .name = "a" };
		TAP_OK(!js_skim(str_of(texts[i]), &f, 1), "left to js_parse: %s", texts[i]);
	}
}

static void test_mutations(void)
{
	struct mutate m = { 5 };
	size_t wrong = 0, plain = 0;
	for (int i = 0; i < 100000; i++) {
		struct str text = mutate_text(&m, str_of(document), "{}[]:,\"\\ 019-.etrufalsn");
		struct js_skim_field f[] = { { .name = "id" },
			                     { .name = "version" },
			                     { .name = "parts" } };
		bool ok = js_skim(text, f, COUNTOF(f));
		plain += ok;
		for (size_t k = 0; ok && k < COUNTOF(f); k++)
			wrong += !agrees(text, &f[k]);
		mem_free((void *)(uintptr_t)text.p);
	}
	TAP_INT((int)wrong, 0,
	        "of 100,000 damaged documents it reads none otherwise than js_parse");
	TAP_OK(plain > 1000, "and reads some (%zu)", plain);
}

int main(void)
{
	test_fields();
	test_not_plain();
	test_mutations();
	return tap_done();
}
