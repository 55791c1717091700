/* Sizes, durations, modes; hex, base64, percent-encoding: what is encoded comes back, what is accepted fits. */
#include "base/codec.h"
#include "base/num.h"
#include "base/utf8.h"
#include "tests/fuzz/fuzz.h"

static void check_numbers(struct str text)
{
	struct err ignored = ERR_INIT;
	uint64_t n;
	int64_t ms;
	uint32_t mode;
	char out[NUM_TEXT_MAX];
	if (num_parse_u64(text, &n, &ignored) == 0 || num_parse_size(text, &n, &ignored) == 0)
		assert(*num_format_size(n, out) != '\0');
	if (num_parse_duration(text, &ms, &ignored) == 0)
		assert(ms >= 0 && *num_format_duration(ms, out) != '\0');
	if (num_parse_mode(text, &mode, &ignored) == 0)
		assert(mode <= 07777);
}

static void check_encoding(struct str text)
{
	BUF_AUTO coded = buf_make(4 * text.len + 4);
	BUF_AUTO back = buf_make(text.len);
	codec_base64(text.p, text.len, &coded);
	assert(codec_unbase64(buf_str(&coded), &back) == 0 && str_eq(buf_str(&back), text));
	buf_clear(&coded);
	buf_clear(&back);
	codec_percent(text, text.len % 2 == 0, &coded);
	assert(codec_unpercent(buf_str(&coded), true, &back) == 0);
	assert(str_eq(buf_str(&back), text));
	buf_clear(&coded);
	codec_quote(text, &coded);
	assert(utf8_valid(buf_str(&coded)) && !coded.too_large);
}

static void check_decoding(struct str text)
{
	char bytes[8];
	char small[16];
	BUF_AUTO out = buf_make(text.len);
	BUF_AUTO again = buf_make(2 * text.len + 4);
	(void)!codec_unhex(text, bytes, sizeof(bytes));
	if (codec_unbase64(text, &out) == 0) {
		codec_base64(out.p, out.len, &again);
		assert(str_eq(buf_str(&again), text));
	}
	buf_clear(&out);
	(void)!codec_unpercent(text, false, &out);
	assert(utf8_valid(str_of(codec_quoted(text, small, sizeof(small)))));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_from(data, size);
	check_numbers(text);
	check_encoding(text);
	check_decoding(text);
	return 0;
}
