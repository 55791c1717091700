/* Civil dates by arithmetic; the C library's calendar depends on time zones and locales. */
#include "base/datetime.h"

#include <stdio.h>
#include <string.h>

#include "base/num.h"

enum { DAY_SECONDS = 86400 };
enum { ERA_YEARS = 400, ERA_DAYS = 146097 };
/* Days from 0000-03-01 to 1970-01-01. */
enum { EPOCH_DAY = 719468 };

struct civil {
	int64_t year;
	unsigned month, day; /* from 1 */
	unsigned hour, minute, second;
	unsigned weekday; /* 0 is Sunday */
};

static const char month_names[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
	                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
static const char day_names[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };

/* Division that rounds down, also below zero. */
static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* Years are counted from 1 March, so that the leap day is the last day of its year and the
 * lengths of months follow one line: (153 * month + 2) / 5 days before the month. */
static int64_t days_from_civil(int64_t year, unsigned month, unsigned day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = floor_div(y, ERA_YEARS);
	int64_t year_of_era = y - era * ERA_YEARS;
	int64_t month_from_march = (month + 9) % 12;
	int64_t day_of_year = (153 * month_from_march + 2) / 5 + (int64_t)day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	return era * ERA_DAYS + day_of_era - EPOCH_DAY;
}

static struct civil civil_from_seconds(int64_t seconds)
{
	int64_t days = floor_div(seconds, DAY_SECONDS);
	unsigned clock = (unsigned)(seconds - days * DAY_SECONDS);
	int64_t shifted = days + EPOCH_DAY;
	int64_t era = floor_div(shifted, ERA_DAYS);
	int64_t day_of_era = shifted - era * ERA_DAYS;
	int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 -
	                       day_of_era / (ERA_DAYS - 1)) /
	                      365;
	int64_t day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	unsigned month_from_march = (unsigned)((5 * day_of_year + 2) / 153);
	unsigned month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
	return (struct civil){
		.year = year_of_era + era * ERA_YEARS + (month <= 2),
		.month = month,
		.day = (unsigned)day_of_year - (153 * month_from_march + 2) / 5 + 1,
		.hour = clock / 3600,
		.minute = clock / 60 % 60,
		.second = clock % 60,
		.weekday = (unsigned)((days + 4) - floor_div(days + 4, 7) * 7),
	};
}

char *datetime_basic(int64_t seconds, char out[DATETIME_TEXT_MAX])
{
	struct civil c = civil_from_seconds(seconds);
	snprintf(out, DATETIME_TEXT_MAX, "%04lld%02u%02uT%02u%02u%02uZ", (long long)c.year, c.month,
	         c.day, c.hour, c.minute, c.second);
	return out;
}

char *datetime_iso_ms(int64_t ms, char out[DATETIME_TEXT_MAX])
{
	int64_t seconds = floor_div(ms, 1000);
	struct civil c = civil_from_seconds(seconds);
	snprintf(out, DATETIME_TEXT_MAX, "%04lld-%02u-%02uT%02u:%02u:%02u.%03uZ", (long long)c.year,
	         c.month, c.day, c.hour, c.minute, c.second, (unsigned)(ms - seconds * 1000));
	return out;
}

char *datetime_imf(int64_t seconds, char out[DATETIME_TEXT_MAX])
{
	struct civil c = civil_from_seconds(seconds);
	snprintf(out, DATETIME_TEXT_MAX, "%s, %02u %s %04lld %02u:%02u:%02u GMT",
	         day_names[c.weekday], c.day, month_names[c.month - 1], (long long)c.year, c.hour,
	         c.minute, c.second);
	return out;
}

/* What is left to read, and whether all was well so far: the first failure sticks. */
struct reader {
	struct str left;
	bool failed;
};

/* Exactly `count` digits. */
static unsigned read_digits(struct reader *r, size_t count)
{
	uint64_t value = 0;
	struct str digits = str_head(r->left, count);
	if (digits.len < count || num_parse_digits(digits, 10, &value) < 0)
		r->failed = true;
	r->left = str_skip(r->left, count);
	return (unsigned)value;
}

static void read_text(struct reader *r, struct str text)
{
	if (!str_starts(r->left, text))
		r->failed = true;
	r->left = str_skip(r->left, text.len);
}

/* The index of the three-letter name that comes next. */
static unsigned read_name(struct reader *r, const char (*names)[4], unsigned count)
{
	struct str name = str_head(r->left, 3);
	r->left = str_skip(r->left, 3);
	for (unsigned i = 0; i < count; i++) {
		if (str_is(name, names[i]))
			return i;
	}
	r->failed = true;
	return 0;
}

static unsigned month_length(int64_t year, unsigned month)
{
	static const unsigned char lengths[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	return lengths[month - 1] + (month == 2 && leap ? 1u : 0u);
}

/* Seconds since 1970, or -1 for what no calendar has. A leap second is refused: it has no place
 * in the count. */
static int to_seconds(const struct civil *c, int64_t *seconds)
{
	if (c->month < 1 || c->month > 12 || c->day < 1 || c->day > month_length(c->year, c->month))
		return -1;
	if (c->hour > 23 || c->minute > 59 || c->second > 59)
		return -1;
	int64_t days = days_from_civil(c->year, c->month, c->day);
	*seconds = days * DAY_SECONDS + (int64_t)(c->hour * 3600 + c->minute * 60 + c->second);
	return 0;
}

/* hh:mm:ss or hhmmss. */
static void read_clock(struct reader *r, struct civil *c, struct str separator)
{
	c->hour = read_digits(r, 2);
	read_text(r, separator);
	c->minute = read_digits(r, 2);
	read_text(r, separator);
	c->second = read_digits(r, 2);
}

/* An optional ".digits"; what is finer than a millisecond is dropped. */
static unsigned read_fraction_ms(struct reader *r)
{
	if (!str_starts(r->left, S(".")))
		return 0;
	r->left = str_skip(r->left, 1);
	unsigned ms = 0;
	size_t count = 0;
	for (; r->left.len > 0 && r->left.p[0] >= '0' && r->left.p[0] <= '9'; count++) {
		if (count < 3)
			ms = ms * 10 + (unsigned)(r->left.p[0] - '0');
		r->left = str_skip(r->left, 1);
	}
	if (count == 0)
		r->failed = true;
	for (; count < 3; count++)
		ms *= 10;
	return ms;
}

/* Z or +hh:mm; in seconds east of UTC. */
static int64_t read_zone(struct reader *r)
{
	if (str_starts(r->left, S("Z"))) {
		read_text(r, S("Z"));
		return 0;
	}
	bool west = str_starts(r->left, S("-"));
	read_text(r, west ? S("-") : S("+"));
	unsigned hours = read_digits(r, 2);
	read_text(r, S(":"));
	unsigned minutes = read_digits(r, 2);
	if (hours > 23 || minutes > 59)
		r->failed = true;
	int64_t offset = (int64_t)(hours * 3600 + minutes * 60);
	return west ? -offset : offset;
}

/* Of the years 0000 and 9999. */
static const int64_t first_second = -62167219200, last_second = 253402300799;

int datetime_parse_iso(struct str s, int64_t *ms)
{
	struct reader r = { s, false };
	struct civil c = { .year = read_digits(&r, 4) };
	read_text(&r, S("-"));
	c.month = read_digits(&r, 2);
	read_text(&r, S("-"));
	c.day = read_digits(&r, 2);
	read_text(&r, S("T"));
	read_clock(&r, &c, S(":"));
	unsigned fraction_ms = read_fraction_ms(&r);
	int64_t offset = read_zone(&r);
	int64_t seconds;
	if (r.failed || r.left.len > 0 || to_seconds(&c, &seconds) < 0)
		return -1;
	seconds -= offset;
	/* A zone can lead out of the four digits that a year has. */
	if (seconds < first_second || seconds > last_second)
		return -1;
	*ms = seconds * 1000 + fraction_ms;
	return 0;
}

int datetime_parse_basic(struct str s, int64_t *seconds)
{
	struct reader r = { s, false };
	struct civil c = { .year = read_digits(&r, 4) };
	c.month = read_digits(&r, 2);
	c.day = read_digits(&r, 2);
	read_text(&r, S("T"));
	read_clock(&r, &c, S(""));
	read_text(&r, S("Z"));
	return r.failed || r.left.len > 0 ? -1 : to_seconds(&c, seconds);
}

int datetime_parse_imf(struct str s, int64_t *seconds)
{
	struct reader r = { s, false };
	struct civil c = { .weekday = read_name(&r, day_names, COUNTOF(day_names)) };
	read_text(&r, S(", "));
	c.day = read_digits(&r, 2);
	read_text(&r, S(" "));
	c.month = read_name(&r, month_names, COUNTOF(month_names)) + 1;
	read_text(&r, S(" "));
	c.year = read_digits(&r, 4);
	read_text(&r, S(" "));
	read_clock(&r, &c, S(":"));
	read_text(&r, S(" GMT"));
	int64_t value;
	if (r.failed || r.left.len > 0 || to_seconds(&c, &value) < 0)
		return -1;
	if (civil_from_seconds(value).weekday != c.weekday)
		return -1;
	*seconds = value;
	return 0;
}
