/* Hex, base64, percent-encoding, and quoting for terminals. */
#include "base/codec.h"

#include <string.h>

#include "base/utf8.h"

static const char hex_lower[] = "0123456789abcdef";
static const char hex_upper[] = "0123456789ABCDEF";

char *codec_hex(const void *p, size_t len, char *out)
{
	const unsigned char *in = p;
	for (size_t i = 0; i < len; i++) {
		out[2 * i] = hex_lower[in[i] >> 4];
		out[2 * i + 1] = hex_lower[in[i] & 15];
	}
	out[2 * len] = '\0';
	return out;
}

/* The value of a hex digit, or -1. */
static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte that two hex digits at `p` stand for, or -1. */
static int two_digits(const char *p)
{
	int high = digit(p[0]);
	int low = digit(p[1]);
	return high < 0 || low < 0 ? -1 : high * 16 + low;
}

int codec_unhex(struct str s, void *out, size_t len)
{
	if (s.len % 2 != 0 || s.len / 2 != len)
		return -1;
	unsigned char *to = out;
	for (size_t i = 0; i < len; i++) {
		int value = two_digits(s.p + 2 * i);
		if (value < 0)
			return -1;
		to[i] = (unsigned char)value;
	}
	return 0;
}

static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void codec_base64(const void *p, size_t len, struct buf *out)
{
	const unsigned char *in = p;
	for (size_t i = 0; i < len; i += 3) {
		size_t have = len - i < 3 ? len - i : 3;
		uint32_t group = (uint32_t)in[i] << 16;
		group |= have > 1 ? (uint32_t)in[i + 1] << 8 : 0;
		group |= have > 2 ? in[i + 2] : 0u;
		char quad[4] = { base64_digits[group >> 18], base64_digits[group >> 12 & 63],
			         base64_digits[group >> 6 & 63], base64_digits[group & 63] };
		memset(quad + 1 + have, '=', 3 - have);
		buf_add(out, quad, sizeof(quad));
	}
}

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Decode four characters, of which the last `padding` are '=', to 3 - padding bytes. The bits that padding leaves
 * over must be zero: else two texts would stand for the same bytes. */
static int unbase64_group(const char *p, size_t padding, char *out)
{
	uint32_t group = 0;
	for (size_t i = 0; i < 4; i++) {
		int value = i < 4 - padding ? base64_value(p[i]) : 0;
		if (value < 0)
			return -1;
		group = group << 6 | (uint32_t)value;
	}
	if ((group & ((1u << (8 * padding)) - 1)) != 0)
		return -1;
	for (size_t i = 0; i < 3 - padding; i++)
		out[i] = (char)(group >> (16 - 8 * i) & 255);
	return 0;
}

static int unbase64_all(struct str s, size_t padding, char *out)
{
	for (size_t i = 0; i < s.len; i += 4) {
		if (unbase64_group(s.p + i, i + 4 == s.len ? padding : 0, out + i / 4 * 3))
			return -1;
	}
	return 0;
}

int codec_unbase64(struct str s, struct buf *out)
{
	if (s.len == 0 || s.len % 4 != 0)
		return s.len == 0 ? 0 : -1;
	size_t padding = s.p[s.len - 1] != '=' ? 0 : s.p[s.len - 2] == '=' ? 2 : 1;
	size_t len = s.len / 4 * 3 - padding;
	char *room = buf_room(out, len);
	if (!room)
		return -1;
	if (unbase64_all(s, padding, room)) {
		buf_truncate(out, out->len); /* the room's bytes stand where the terminator was */
		return -1;
	}
	buf_grew(out, len);
	return 0;
}

/* RFC 3986 section 2.3. */
static bool unreserved(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

void codec_percent(struct str s, bool keep_slash, struct buf *out)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (unreserved(s.p[i]) || (c == '/' && keep_slash)) {
			buf_add_char(out, s.p[i]);
			continue;
		}
		char escape[3] = { '%', hex_upper[c >> 4], hex_upper[c & 15] };
		buf_add(out, escape, sizeof(escape));
	}
}

static int unpercent_all(struct str s, bool plus_is_space, struct buf *out)
{
	while (s.len > 0) {
		size_t used = 1;
		char c = s.p[0];
		if (c == '%') {
			int value = s.len >= 3 ? two_digits(s.p + 1) : -1;
			if (value < 0)
				return -1;
			c = (char)value;
			used = 3;
		} else if (c == '+' && plus_is_space) {
			c = ' ';
		}
		buf_add_char(out, c);
		s = str_skip(s, used);
	}
	return out->too_large ? -1 : 0;
}

int codec_unpercent(struct str s, bool plus_is_space, struct buf *out)
{
	size_t before = out->len;
	int result = unpercent_all(s, plus_is_space, out);
	if (result < 0)
		buf_truncate(out, before);
	return result;
}

/* What changes how the text around it looks, or starts a new line: C1 controls (U+009B is CSI),
 * the bidi marks, embeddings, overrides and isolates, line and paragraph separators. */
static bool misleads(uint32_t code_point)
{
	return (code_point >= 0x80 && code_point <= 0x9F) || code_point == 0x061C ||
	       code_point == 0x200E || code_point == 0x200F ||
	       (code_point >= 0x2028 && code_point <= 0x202E) ||
	       (code_point >= 0x2066 && code_point <= 0x2069);
}

enum { QUOTED_ONE_MAX = 6 };

static size_t escape_byte(unsigned char c, char *out)
{
	static const char names[][2] = {
		{ '\n', 'n' }, { '\r', 'r' }, { '\t', 't' }, { '\\', '\\' }
	};
	out[0] = '\\';
	for (size_t i = 0; i < COUNTOF(names); i++) {
		if (c == (unsigned char)names[i][0]) {
			out[1] = names[i][1];
			return 2;
		}
	}
	out[1] = 'x';
	out[2] = hex_lower[c >> 4];
	out[3] = hex_lower[c & 15];
	return 4;
}

/* Take one character off *s and write it, quoted, to `out`; returns the length written. */
static size_t quote_one(struct str *s, char out[QUOTED_ONE_MAX])
{
	uint32_t code_point = 0;
	size_t used = utf8_next(*s, &code_point);
	size_t len = used;
	if (used == 0 || code_point < 0x20 || code_point == 0x7F || code_point == '\\') {
		len = escape_byte((unsigned char)s->p[0], out);
		used = 1;
	} else if (misleads(code_point)) {
		out[0] = '\\';
		out[1] = 'u';
		for (size_t i = 0; i < 4; i++)
			out[2 + i] = hex_lower[code_point >> (12 - 4 * i) & 15];
		len = 6;
	} else {
		memcpy(out, s->p, used);
	}
	*s = str_skip(*s, used);
	return len;
}

void codec_quote(struct str s, struct buf *out)
{
	char one[QUOTED_ONE_MAX];
	while (s.len > 0)
		buf_add(out, one, quote_one(&s, one));
}

static char *quote_into(struct str s, bool backslash_too, char *out, size_t cap)
{
	static const char dots[] = "...";
	char one[QUOTED_ONE_MAX];
	size_t len = 0;
	size_t cut = 0; /* the end of the last character behind which the dots still fit */
	if (cap == 0)
		return out;
	while (s.len > 0) {
		bool plain = !backslash_too && s.p[0] == '\\';
		size_t n = quote_one(&s, one) - plain;
		if (n >= cap - len) {
			size_t dots_len = cap - 1 - cut < 3 ? cap - 1 - cut : 3;
			memcpy(out + cut, dots, dots_len);
			len = cut + dots_len;
			break;
		}
		memcpy(out + len, one, n);
		len += n;
		if (len + sizeof(dots) <= cap)
			cut = len;
	}
	out[len] = '\0';
	return out;
}

char *codec_quoted(struct str s, char *out, size_t cap)
{
	return quote_into(s, true, out, cap);
}

char *codec_harmless(struct str s, char *out, size_t cap)
{
	return quote_into(s, false, out, cap);
}
