/* The head of an HTTP response: its end is found at any split, its fields are views of it. */
#include "net/http_parse.h"

#include "tests/fuzz/fuzz.h"

static void check(const struct http_head *head, struct str text)
{
	assert(head->status >= 100 && head->status <= 599);
	assert(head->field_count <= HTTP_FIELDS_MAX);
	assert(!(head->chunked && head->has_length));
	assert(!head->has_length || head->length <= INT64_MAX);
	for (size_t i = 0; i < head->field_count; i++) {
		assert(head->fields[i].name.len > 0);
		assert(fuzz_inside(head->fields[i].name, text));
		assert(fuzz_inside(head->fields[i].value, text));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_from(data, size);
	struct err e = ERR_INIT;
	struct http_head head;
	ptrdiff_t end = http_parse_find_end(text);
	size_t step = size / 64 + 1;
	for (size_t n = 0; n < size; n += step) {
		ptrdiff_t early = http_parse_find_end(str_head(text, n));
		assert(early == 0 || early == end);
	}
	if (http_parse_head(end > 0 ? str_head(text, (size_t)end) : text, &head, &e) == 0) {
		assert(end > 0);
		check(&head, text);
	}
	return 0;
}
