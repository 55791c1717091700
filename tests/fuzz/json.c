/* JSON documents: what was parsed is written and read again as the same. */
#include "data/js.h"

#include "base/utf8.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = ERR_INIT;
	JS_AUTO value = NULL;
	JS_AUTO again = NULL;
	JS_AUTO pretty = NULL;
	BUF_AUTO first = buf_make(64 * size + 64);
	BUF_AUTO second = buf_make(64 * size + 64);
	BUF_AUTO wide = buf_make(256 * size + 64);
	if (js_parse(str_from(data, size), "document", &value, &e) < 0) {
		assert(value == NULL && err_is(&e));
		return 0;
	}
	js_format(value, &first);
	assert(!first.too_large && utf8_valid(buf_str(&first)));
	assert(str_index(buf_str(&first), '\n') < 0);
	assert(js_parse(buf_str(&first), "document", &again, &e) == 0);
	js_format(again, &second);
	assert(str_eq(buf_str(&first), buf_str(&second)));
	js_format_pretty(value, &wide);
	assert(js_parse(buf_str(&wide), "document", &pretty, &e) == 0);
	return 0;
}
