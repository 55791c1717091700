/* datetime: UTC dates as text. */
#include "base/datetime.h"
#include "tests/unit/mutate.h"
#include "tests/unit/tap.h"

/* All but the year 0000 checked against the datetime module of Python. */
static const struct {
	int64_t seconds;
	const char *basic, *iso, *imf;
} moments[] = {
	{ 0, "19700101T000000Z", "1970-01-01T00:00:00.000Z", "Thu, 01 Jan 1970 00:00:00 GMT" },
	{ 1369353600, "20130524T000000Z", "2013-05-24T00:00:00.000Z",
	  "Fri, 24 May 2013 00:00:00 GMT" },
	{ 784111777, "19941106T084937Z", "1994-11-06T08:49:37.000Z",
	  "Sun, 06 Nov 1994 08:49:37 GMT" },
	{ 951782400, "20000229T000000Z", "2000-02-29T00:00:00.000Z",
	  "Tue, 29 Feb 2000 00:00:00 GMT" },
	{ 1709251199, "20240229T235959Z", "2024-02-29T23:59:59.000Z",
	  "Thu, 29 Feb 2024 23:59:59 GMT" },
	{ 1709251200, "20240301T000000Z", "2024-03-01T00:00:00.000Z",
	  "Fri, 01 Mar 2024 00:00:00 GMT" },
	{ 4107542400, "21000301T000000Z", "2100-03-01T00:00:00.000Z",
	  "Mon, 01 Mar 2100 00:00:00 GMT" },
	{ 2147483648, "20380119T031408Z", "2038-01-19T03:14:08.000Z",
	  "Tue, 19 Jan 2038 03:14:08 GMT" },
	{ -1, "19691231T235959Z", "1969-12-31T23:59:59.000Z", "Wed, 31 Dec 1969 23:59:59 GMT" },
	{ 253402300799, "99991231T235959Z", "9999-12-31T23:59:59.000Z",
	  "Fri, 31 Dec 9999 23:59:59 GMT" },
	{ -62135596800, "00010101T000000Z", "0001-01-01T00:00:00.000Z",
	  "Mon, 01 Jan 0001 00:00:00 GMT" },
	{ -62167219200, "00000101T000000Z", "0000-01-01T00:00:00.000Z",
	  "Sat, 01 Jan 0000 00:00:00 GMT" },
	{ -62162121600, "00000229T000000Z", "0000-02-29T00:00:00.000Z",
	  "Tue, 29 Feb 0000 00:00:00 GMT" },
};

static void test_moments(void)
{
	for (size_t i = 0; i < COUNTOF(moments); i++) {
		char out[DATETIME_TEXT_MAX];
		int64_t t = moments[i].seconds;
		int64_t back = 1;
		TAP_TEXT(datetime_basic(t, out), moments[i].basic, "%" PRId64 " in basic form", t);
		TAP_TEXT(datetime_iso_ms(t * 1000, out), moments[i].iso, "and in extended form");
		TAP_TEXT(datetime_imf(t, out), moments[i].imf, "and as HTTP has it");
		TAP_OK(datetime_parse_basic(str_of(moments[i].basic), &back) == 0 && back == t,
		       "basic form is read back");
		TAP_OK(datetime_parse_iso(str_of(moments[i].iso), &back) == 0 && back == t * 1000,
		       "so is extended form");
		TAP_OK(datetime_parse_imf(str_of(moments[i].imf), &back) == 0 && back == t,
		       "and HTTP's");
	}
}

static void test_every_day(void)
{
	bool same = true;
	char out[DATETIME_TEXT_MAX];
	for (int64_t day = -719528; day <= 2932896; day += 1) {
		int64_t back = 0;
		same = same &&
		       datetime_parse_basic(str_of(datetime_basic(day * 86400, out)), &back) == 0 &&
		       back == day * 86400;
	}
	TAP_OK(same, "every day of the years 0000 to 9999 survives a round trip");
	datetime_iso_ms(INT64_MAX, out);
	datetime_iso_ms(INT64_MIN, out);
	datetime_imf(INT64_MAX / 2, out);
	datetime_basic(INT64_MIN / 2, out);
	TAP_OK(strlen(out) < DATETIME_TEXT_MAX, "absurd times are formatted, too");
}

static void test_iso(void)
{
	static const struct {
		const char *text;
		bool good;
		int64_t ms;
	} rows[] = {
		{ "2013-05-24T00:00:00Z", true, 1369353600000 },
		{ "2013-05-24T00:00:00.5Z", true, 1369353600500 },
		{ "2013-05-24T00:00:00.123Z", true, 1369353600123 },
		{ "2013-05-24T00:00:00.123999999Z", true, 1369353600123 },
		{ "2013-05-24T02:00:00+02:00", true, 1369353600000 },
		{ "2013-05-23T18:30:00.001-05:30", true, 1369353600001 },
		{ "1969-12-31T23:59:59.999Z", true, -1 },
		{ "2023-02-29T00:00:00Z", false, 0 },
		{ "1900-02-29T00:00:00Z", false, 0 },
		{ "2000-02-29T00:00:00Z", true, 951782400000 },
		{ "2024-02-30T00:00:00Z", false, 0 },
		{ "2024-04-31T00:00:00Z", false, 0 },
		{ "2024-00-01T00:00:00Z", false, 0 },
		{ "2024-13-01T00:00:00Z", false, 0 },
		{ "2024-01-00T00:00:00Z", false, 0 },
		{ "2024-01-32T00:00:00Z", false, 0 },
		{ "2024-01-01T24:00:00Z", false, 0 },
		{ "2024-01-01T00:60:00Z", false, 0 },
		{ "2016-12-31T23:59:60Z", false, 0 },
		{ "0000-01-01T00:00:00+23:59", false, 0 },
		{ "9999-12-31T23:59:59-00:01", false, 0 },
		{ "2013-05-24T00:00:00", false, 0 },
		{ "2013-05-24T00:00:00.Z", false, 0 },
		{ "2013-05-24T00:00:00.1", false, 0 },
		{ "2013-05-24T00:00:00z", false, 0 },
		{ "2013-05-24t00:00:00Z", false, 0 },
		{ "2013-05-24 00:00:00Z", false, 0 },
		{ "2013-05-24T00:00Z", false, 0 },
		{ "2013-05-24T00:00:00Zx", false, 0 },
		{ "2013-05-24T00:00:00Z ", false, 0 },
		{ " 2013-05-24T00:00:00Z", false, 0 },
		{ "2013-05-24T00:00:00+0200", false, 0 },
		{ "2013-05-24T00:00:00+02", false, 0 },
		{ "2013-05-24T00:00:00+24:00", false, 0 },
		{ "2013-05-24T00:00:00+02:60", false, 0 },
		{ "2013-05-24T00:00:00 02:00", false, 0 },
		{ "13-05-24T00:00:00Z", false, 0 },
		{ "12013-05-24T00:00:00Z", false, 0 },
		{ "-013-05-24T00:00:00Z", false, 0 },
		{ "2013-5-24T00:00:00Z", false, 0 },
		{ "2013-05-24", false, 0 },
		{ "", false, 0 },
	};
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		int64_t ms = 0;
		int result = datetime_parse_iso(str_of(rows[i].text), &ms);
		TAP_OK(result == (rows[i].good ? 0 : -1) && ms == rows[i].ms, "\"%s\" is %s",
		       rows[i].text, rows[i].good ? "read" : "refused");
	}
}

static void test_others(void)
{
	static const char *const basic[] = { "20130524T000000",  "20130524T000000z",
		                             "20130524000000Z",  "20130524T00:00:00Z",
		                             "20130524T0000Z",   "20230229T000000Z",
		                             "20161231T235960Z", "20130524T000000ZZ",
		                             "2013052 T000000Z", "" };
	static const char *const imf[] = {
		"Thu, 24 May 2013 00:00:00 GMT", /* it was a Friday */
		"Fri, 24 May 2013 00:00:00 UTC",
		"Fri, 24 May 2013 00:00:00",
		"Fri, 24 May 2013 00:00:00 GMT ",
		"fri, 24 May 2013 00:00:00 GMT",
		"Fri, 24 MAY 2013 00:00:00 GMT",
		"Fri 24 May 2013 00:00:00 GMT",
		"Friday, 24-May-13 00:00:00 GMT",
		"Fri May 24 00:00:00 2013",
		"Fri, 4 May 2013 00:00:00 GMT",
		"Fri, 24 Mai 2013 00:00:00 GMT",
		"Fri, 31 Jun 2013 00:00:00 GMT",
		"Sat, 31 Dec 2016 23:59:60 GMT",
		"",
	};
	int64_t out;
	for (size_t i = 0; i < COUNTOF(basic); i++)
		TAP_OK(datetime_parse_basic(str_of(basic[i]), &out) == -1, "\"%s\" is refused",
		       basic[i]);
	for (size_t i = 0; i < COUNTOF(imf); i++)
		TAP_OK(datetime_parse_imf(str_of(imf[i]), &out) == -1, "\"%s\" is refused", imf[i]);
}

static void test_mutations(void)
{
	struct mutate m = { 4711 };
	bool same = true;
	unsigned accepted = 0;
	for (int i = 0; i < 20000; i++) {
		char out[DATETIME_TEXT_MAX];
		int64_t t = 0;
		struct str text = mutate_text(&m, str_of(moments[3].basic), "0123456789TZ");
		if (datetime_parse_basic(text, &t) == 0) {
			accepted++;
			same = same && str_is(text, datetime_basic(t, out));
		}
		mutate_free(text);
		text = mutate_text(&m, str_of(moments[3].imf), "0123456789 JanSun");
		if (datetime_parse_imf(text, &t) == 0)
			same = same && str_is(text, datetime_imf(t, out));
		mutate_free(text);
		text = mutate_text(&m, str_of(moments[3].iso), "0123456789+:-.Z");
		if (datetime_parse_iso(text, &t) == 0)
			accepted++;
		mutate_free(text);
	}
	TAP_OK(same && accepted > 100, "what is read of damaged dates reads back as the same text");
}

int main(void)
{
	test_moments();
	test_every_day();
	test_iso();
	test_others();
	test_mutations();
	return tap_done();
}
