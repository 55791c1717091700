/* Strict UTF-8. */
#include "base/utf8.h"

/* RFC 3629 section 4, by lead byte: sequence length and the range of the second byte, which is
 * where overlong forms, surrogates and what is over U+10FFFF show. All later bytes are 80..BF. */
static const struct lead {
	unsigned char first, last;
	unsigned char length;
	unsigned char second_min, second_max;
} leads[] = {
	{ 0xC2, 0xDF, 2, 0x80, 0xBF }, { 0xE0, 0xE0, 3, 0xA0, 0xBF }, { 0xE1, 0xEC, 3, 0x80, 0xBF },
	{ 0xED, 0xED, 3, 0x80, 0x9F }, { 0xEE, 0xEF, 3, 0x80, 0xBF }, { 0xF0, 0xF0, 4, 0x90, 0xBF },
	{ 0xF1, 0xF3, 4, 0x80, 0xBF }, { 0xF4, 0xF4, 4, 0x80, 0x8F },
};

static const struct lead *find_lead(unsigned char c)
{
	for (size_t i = 0; i < COUNTOF(leads); i++) {
		if (c >= leads[i].first && c <= leads[i].last)
			return &leads[i];
	}
	return NULL;
}

static size_t next_multibyte(struct str s, uint32_t *code_point)
{
	const unsigned char *p = (const unsigned char *)s.p;
	const struct lead *lead = find_lead(p[0]);
	if (!lead || s.len < lead->length || p[1] < lead->second_min || p[1] > lead->second_max)
		return 0;
	uint32_t value = p[0] & (0x7Fu >> lead->length);
	for (size_t i = 1; i < lead->length; i++) {
		if ((p[i] & 0xC0) != 0x80)
			return 0;
		value = value << 6 | (p[i] & 0x3Fu);
	}
	if (code_point)
		*code_point = value;
	return lead->length;
}

size_t utf8_next(struct str s, uint32_t *code_point)
{
	if (s.len == 0)
		return 0;
	unsigned char c = (unsigned char)s.p[0];
	if (c >= 0x80)
		return next_multibyte(s, code_point);
	if (code_point)
		*code_point = c;
	return 1;
}

bool utf8_valid(struct str s)
{
	while (s.len > 0) {
		size_t n = utf8_next(s, NULL);
		if (n == 0)
			return false;
		s = str_skip(s, n);
	}
	return true;
}

size_t utf8_count(struct str s)
{
	size_t count = 0;
	while (s.len > 0) {
		size_t n = utf8_next(s, NULL);
		s = str_skip(s, n > 0 ? n : 1);
		count++;
	}
	return count;
}
