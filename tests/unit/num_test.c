/* num: counts, sizes, durations and modes. */
#include "base/num.h"
#include "tests/unit/tap.h"

static void test_counts(void)
{
	static const struct {
		const char *text;
		bool good;
		uint64_t value;
	} rows[] = {
		{ "0", true, 0 },
		{ "007", true, 7 },
		{ "18446744073709551615", true, UINT64_MAX },
		{ "18446744073709551616", false, 0 },
		{ "99999999999999999999999", false, 0 },
		{ "", false, 0 },
		{ " 1", false, 0 },
		{ "1 ", false, 0 },
		{ "+1", false, 0 },
		{ "-1", false, 0 },
		{ "1e3", false, 0 },
		{ "0x10", false, 0 },
		{ "\xEF\xBC\x91", false, 0 },
	};
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		struct err e = ERR_INIT;
		uint64_t value = 0;
		int result = num_parse_u64(str_of(rows[i].text), &value, &e);
		TAP_OK(result == (rows[i].good ? 0 : -1) && value == rows[i].value,
		       "the count \"%s\" is %s", rows[i].text, rows[i].good ? "read" : "refused");
		if (!rows[i].good)
			TAP_INT(e.kind, ERR_KIND_USAGE, "with a usage error");
	}
	struct err e = ERR_INIT;
	uint64_t value;
	TAP_OK(num_parse_u64(S("1\x1b[2J"), &value, &e) == -1, "a count with an escape is refused");
	TAP_TEXT(e.msg, "\"1\\x1b[2J\" is not a whole number (digits only)",
	         "and shown harmlessly");
}

static void test_digits(void)
{
	uint64_t value = 0;
	TAP_OK(num_parse_digits(S("1777"), 8, &value) == 0 && value == 01777, "octal digits");
	TAP_OK(num_parse_digits(S("fFfFfFfFfFfFfFfF"), 16, &value) == 0 && value == UINT64_MAX,
	       "hex digits in both cases");
	TAP_OK(num_parse_digits(S("10000000000000000"), 16, &value) == -1, "one more is too large");
	TAP_OK(num_parse_digits(S("8"), 8, &value) == -1 &&
	               num_parse_digits(S("a"), 10, &value) == -1,
	       "a digit must be of the base");
}

static void test_sizes(void)
{
	static const struct {
		const char *text;
		bool good;
		uint64_t value;
	} rows[] = {
		{ "0", true, 0 },
		{ "10", true, 10 },
		{ "10B", true, 10 },
		{ "10K", true, 10240 },
		{ "10k", true, 10240 },
		{ "10KiB", true, 10240 },
		{ "10KB", true, 10000 },
		{ "1.5GiB", true, 1610612736 },
		{ "1.5G", true, 1610612736 },
		{ "200G", true, 200ull << 30 },
		{ "64MB", true, 64000000 },
		{ "2T", true, 2ull << 40 },
		{ "3P", true, 3ull << 50 },
		{ "1PB", true, 1000000000000000ull },
		{ "0.1K", true, 102 },
		{ "0.999999999P", true, 1125899905716724ull },
		{ "16383P", true, 16383ull << 50 },
		{ "16384P", false, 0 },
		{ "18446744073709551615", true, UINT64_MAX },
		{ "18446744073709551615K", false, 0 },
		{ "18446744073709551616", false, 0 },
		{ "", false, 0 },
		{ "K", false, 0 },
		{ "1.5", false, 0 },
		{ "1.5B", false, 0 },
		{ "1.K", false, 0 },
		{ ".5K", false, 0 },
		{ "1.2.3K", false, 0 },
		{ "1.0000000001K", false, 0 },
		{ "10 K", false, 0 },
		{ "-1K", false, 0 },
		{ "10X", false, 0 },
		{ "10KiBs", false, 0 },
		{ "10Ki", false, 0 },
		{ "10iB", false, 0 },
		{ "10BB", false, 0 },
		{ "1e3", false, 0 },
	};
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		struct err e = ERR_INIT;
		uint64_t value = 0;
		int result = num_parse_size(str_of(rows[i].text), &value, &e);
		bool right = rows[i].good ? result == 0 && value == rows[i].value : result == -1;
		TAP_OK(right && e.kind == (rows[i].good ? ERR_KIND_NONE : ERR_KIND_USAGE),
		       "the size \"%s\" is %s", rows[i].text, rows[i].good ? "read" : "refused");
	}
}

static void test_durations(void)
{
	static const struct {
		const char *text;
		bool good;
		int64_t value;
	} rows[] = {
		{ "0", true, 0 },
		{ "0s", true, 0 },
		{ "500ms", true, 500 },
		{ "90s", true, 90000 },
		{ "15m", true, 900000 },
		{ "12h", true, 43200000 },
		{ "7d", true, 604800000 },
		{ "2w", true, 1209600000 },
		{ "9223372036854775807ms", true, INT64_MAX },
		{ "9223372036854775808ms", false, 0 },
		{ "9223372036854775807s", false, 0 },
		{ "18446744073709551616ms", false, 0 },
		{ "", false, 0 },
		{ "5", false, 0 },
		{ "s", false, 0 },
		{ "-5s", false, 0 },
		{ "1.5h", false, 0 },
		{ "5 s", false, 0 },
		{ "5S", false, 0 },
		{ "5sec", false, 0 },
		{ "1h30m", false, 0 },
	};
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		struct err e = ERR_INIT;
		int64_t value = 0;
		int result = num_parse_duration(str_of(rows[i].text), &value, &e);
		bool right = rows[i].good ? result == 0 && value == rows[i].value : result == -1;
		TAP_OK(right && e.kind == (rows[i].good ? ERR_KIND_NONE : ERR_KIND_USAGE),
		       "the duration \"%s\" is %s", rows[i].text,
		       rows[i].good ? "read" : "refused");
	}
}

static void test_modes(void)
{
	static const struct {
		const char *text;
		int result;
		uint32_t value;
	} rows[] = {
		{ "0755", 0, 0755 }, { "755", 0, 0755 }, { "0", 0, 0 },      { "7777", 0, 07777 },
		{ "10000", -1, 0 },  { "888", -1, 0 },   { "", -1, 0 },      { "u+x", -1, 0 },
		{ "-755", -1, 0 },   { "0x1ff", -1, 0 }, { "0o755", -1, 0 },
	};
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		struct err e = ERR_INIT;
		uint32_t value = 0;
		int result = num_parse_mode(str_of(rows[i].text), &value, &e);
		TAP_OK(result == rows[i].result && value == rows[i].value, "the mode \"%s\" is %s",
		       rows[i].text, result == 0 ? "read" : "refused");
	}
}

static void test_format_size(void)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} rows[] = {
		{ 0, "0 B" },
		{ 512, "512 B" },
		{ 1023, "1023 B" },
		{ 1024, "1.0 KiB" },
		{ 1536, "1.5 KiB" },
		{ 1572864, "1.5 MiB" },
		{ 1048575, "1.0 MiB" },
		{ 1048524, "1023.9 KiB" },
		{ 200ull << 30, "200.0 GiB" },
		{ 3ull << 50, "3.0 PiB" },
		{ UINT64_MAX, "16.0 EiB" },
	};
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		char out[NUM_TEXT_MAX];
		TAP_TEXT(num_format_size(rows[i].bytes, out), rows[i].text,
		         "%" PRIu64 " bytes are %s", rows[i].bytes, rows[i].text);
	}
}

static void test_format_duration(void)
{
	static const struct {
		int64_t ms;
		const char *text;
	} rows[] = {
		{ 0, "0 ms" },
		{ 850, "850 ms" },
		{ 1000, "1.0 s" },
		{ 12345, "12.3 s" },
		{ 59999, "59.9 s" },
		{ 60000, "1 m 0 s" },
		{ 250000, "4 m 10 s" },
		{ 3599999, "59 m 59 s" },
		{ 10920000, "3 h 2 m" },
		{ 532800000, "6 d 4 h" },
		{ -12345, "-12.3 s" },
		{ INT64_MAX, "106751991167 d 7 h" },
		{ INT64_MIN, "-106751991167 d 7 h" },
	};
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		char out[NUM_TEXT_MAX];
		TAP_TEXT(num_format_duration(rows[i].ms, out), rows[i].text,
		         "%" PRId64 " ms are %s", rows[i].ms, rows[i].text);
	}
}

int main(void)
{
	test_counts();
	test_digits();
	test_sizes();
	test_durations();
	test_modes();
	test_format_size();
	test_format_duration();
	return tap_done();
}
