/* Counts, sizes, durations, modes. */
#include "base/num.h"

#include <stdio.h>

#include "base/codec.h"

enum { SHOWN_MAX = 64 };

/* A USAGE error that shows the text and says what would have been right. */
static int refuse(struct err *e, struct str s, const char *expected)
{
	char shown[SHOWN_MAX];
	return err_set(e, ERR_KIND_USAGE, "\"%s\" is not %s", codec_quoted(s, shown, sizeof(shown)),
	               expected);
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int num_parse_digits(struct str s, unsigned base, uint64_t *out)
{
	uint64_t value = 0;
	if (s.len == 0)
		return -1;
	for (size_t i = 0; i < s.len; i++) {
		int digit = digit_value(s.p[i]);
		if (digit < 0 || (unsigned)digit >= base ||
		    __builtin_mul_overflow(value, (uint64_t)base, &value) ||
		    __builtin_add_overflow(value, (uint64_t)digit, &value))
			return -1;
	}
	*out = value;
	return 0;
}

int num_parse_u64(struct str s, uint64_t *out, struct err *e)
{
	if (num_parse_digits(s, 10, out) < 0)
		return refuse(e, s, "a whole number (digits only)");
	return 0;
}

/* Split off the digits that *s starts with. */
static struct str take_digits(struct str *s)
{
	size_t n = 0;
	while (n < s->len && s->p[n] >= '0' && s->p[n] <= '9')
		n++;
	struct str digits = str_head(*s, n);
	*s = str_skip(*s, n);
	return digits;
}

/* "" and "B" are 1; K KiB KB … by the header. Returns -1 for anything else. */
static int size_unit(struct str s, uint64_t *unit)
{
	static const char letters[] = "KMGTP";
	*unit = 1;
	if (s.len == 0 || str_eq_nocase(s, S("B")))
		return 0;
	bool decimal = s.len == 2 && str_eq_nocase(str_skip(s, 1), S("B"));
	if (!decimal && s.len != 1 && !str_eq_nocase(str_skip(s, 1), S("iB")))
		return -1;
	for (size_t i = 0; letters[i] != '\0'; i++) {
		*unit *= decimal ? 1000 : 1024;
		if (str_eq_nocase(str_head(s, 1), str_from(&letters[i], 1)))
			return 0;
	}
	return -1;
}

/* The fraction 0.digits of `unit`, rounded down. Nine digits are more than anyone means. */
static int size_fraction(struct str digits, uint64_t unit, uint64_t *bytes)
{
	uint64_t value;
	if (unit == 1 || digits.len > 9 || num_parse_digits(digits, 10, &value) < 0)
		return -1;
	uint64_t scale = 1;
	for (size_t i = 0; i < digits.len; i++)
		scale *= 10;
	/* unit * value / scale, taken apart so that no product is over 10^18. */
	*bytes = unit / scale * value + unit % scale * value / scale;
	return 0;
}

static int parse_size(struct str s, uint64_t *bytes)
{
	struct str whole = take_digits(&s);
	struct str fraction = { NULL, 0 };
	bool has_fraction = s.len > 0 && s.p[0] == '.';
	if (has_fraction) {
		s = str_skip(s, 1);
		fraction = take_digits(&s);
	}
	uint64_t unit, value, part = 0;
	if (size_unit(s, &unit) < 0 || num_parse_digits(whole, 10, &value) < 0)
		return -1;
	if (has_fraction && size_fraction(fraction, unit, &part) < 0)
		return -1;
	if (__builtin_mul_overflow(value, unit, &value) ||
	    __builtin_add_overflow(value, part, bytes))
		return -1;
	return 0;
}

int num_parse_size(struct str s, uint64_t *bytes, struct err *e)
{
	if (parse_size(s, bytes) < 0)
		return refuse(e, s, "a size (as 512, 10K, 1.5GiB, 64MB)");
	return 0;
}

static int64_t duration_unit(struct str s)
{
	static const struct {
		const char *name;
		int64_t ms;
	} units[] = {
		{ "ms", 1 },      { "s", 1000 },     { "m", 60000 },
		{ "h", 3600000 }, { "d", 86400000 }, { "w", 604800000 },
	};
	for (size_t i = 0; i < COUNTOF(units); i++) {
		if (str_is(s, units[i].name))
			return units[i].ms;
	}
	return 0;
}

int num_parse_duration(struct str s, int64_t *ms, struct err *e)
{
	struct str unit = s;
	struct str digits = take_digits(&unit);
	int64_t factor = duration_unit(unit);
	uint64_t value;
	if (num_parse_digits(digits, 10, &value) == 0) {
		if (factor > 0 && !__builtin_mul_overflow(value, factor, ms))
			return 0;
		if (unit.len == 0 && value == 0) {
			*ms = 0;
			return 0;
		}
	}
	return refuse(e, s, "a duration (as 500ms, 90s, 15m, 12h, 7d, 2w)");
}

int num_parse_mode(struct str s, uint32_t *mode, struct err *e)
{
	uint64_t value;
	if (num_parse_digits(s, 8, &value) < 0 || value > 07777)
		return refuse(e, s, "a file mode (octal, as 0755)");
	*mode = (uint32_t)value;
	return 0;
}

char *num_format_size(uint64_t bytes, char out[NUM_TEXT_MAX])
{
	static const char letters[] = "KMGTPE";
	if (bytes < 1024) {
		snprintf(out, NUM_TEXT_MAX, "%u B", (unsigned)bytes);
		return out;
	}
	uint64_t unit = 1024;
	size_t i = 0;
	uint64_t tenths = 0;
	/* A value that rounds up to 1024.0 is shown in the next unit. */
	for (;; i++, unit *= 1024) {
		tenths = bytes / unit * 10 + (bytes % unit * 10 + unit / 2) / unit;
		if (tenths < 10240 || letters[i + 1] == '\0')
			break;
	}
	snprintf(out, NUM_TEXT_MAX, "%u.%u %ciB", (unsigned)(tenths / 10), (unsigned)(tenths % 10),
	         letters[i]);
	return out;
}

char *num_format_duration(int64_t ms, char out[NUM_TEXT_MAX])
{
	const char *sign = ms < 0 ? "-" : "";
	uint64_t left = ms < 0 ? 0 - (uint64_t)ms : (uint64_t)ms;
	if (left < 1000) {
		snprintf(out, NUM_TEXT_MAX, "%s%u ms", sign, (unsigned)left);
		return out;
	}
	if (left < 60000) {
		snprintf(out, NUM_TEXT_MAX, "%s%u.%u s", sign, (unsigned)(left / 1000),
		         (unsigned)(left / 100 % 10));
		return out;
	}
	unsigned long long minutes = left / 60000;
	unsigned long long hours = minutes / 60;
	if (hours == 0)
		snprintf(out, NUM_TEXT_MAX, "%s%llu m %u s", sign, minutes,
		         (unsigned)(left / 1000 % 60));
	else if (hours < 24)
		snprintf(out, NUM_TEXT_MAX, "%s%llu h %llu m", sign, hours, minutes % 60);
	else
		snprintf(out, NUM_TEXT_MAX, "%s%llu d %llu h", sign, hours / 24, hours % 24);
	return out;
}
