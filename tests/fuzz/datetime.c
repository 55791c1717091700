/* Dates in their three forms: what is accepted and written out again is the same time. */
#include "base/datetime.h"

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_from(data, size);
	char out[DATETIME_TEXT_MAX];
	int64_t t, again;
	if (datetime_parse_iso(text, &t) == 0)
		assert(datetime_parse_iso(str_of(datetime_iso_ms(t, out)), &again) == 0 &&
		       again == t);
	if (datetime_parse_basic(text, &t) == 0)
		assert(str_is(text, datetime_basic(t, out)));
	if (datetime_parse_imf(text, &t) == 0)
		assert(datetime_parse_imf(str_of(datetime_imf(t, out)), &again) == 0 && again == t);
	return 0;
}
