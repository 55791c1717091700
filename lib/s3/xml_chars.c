/* Which characters XML allows where, and references to them. */
#include "s3/xml_chars.h"

#include "base/num.h"
#include "base/utf8.h"

static const struct {
	struct str name;
	char c;
} entities[] = {
	{ { "amp;", 4 }, '&' },  { { "lt;", 3 }, '<' },    { { "gt;", 3 }, '>' },
	{ { "quot;", 5 }, '"' }, { { "apos;", 5 }, '\'' },
};

struct range {
	uint32_t first, last;
};

/* NameStartChar beyond ASCII, XML 1.0 section 2.3. */
static const struct range name_start[] = {
	{ 0xc0, 0xd6 },     { 0xd8, 0xf6 },     { 0xf8, 0x2ff },    { 0x370, 0x37d },
	{ 0x37f, 0x1fff },  { 0x200c, 0x200d }, { 0x2070, 0x218f }, { 0x2c00, 0x2fef },
	{ 0x3001, 0xd7ff }, { 0xf900, 0xfdcf }, { 0xfdf0, 0xfffd }, { 0x10000, 0xeffff },
};

bool xml_chars_is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_char(uint32_t c)
{
	if (c < 0x20)
		return c == '\t' || c == '\n' || c == '\r';
	return c <= 0xd7ff || (c >= 0xe000 && c <= 0xfffd) || (c >= 0x10000 && c <= 0x10ffff);
}

static bool is_name_start(uint32_t c)
{
	if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == ':')
		return true;
	if (c < 0x80)
		return false;
	for (size_t i = 0; i < COUNTOF(name_start); i++)
		if (c >= name_start[i].first && c <= name_start[i].last)
			return true;
	return false;
}

static bool is_name(uint32_t c)
{
	return is_name_start(c) || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == 0xb7 ||
	       (c >= 0x300 && c <= 0x36f) || c == 0x203f || c == 0x2040;
}

size_t xml_chars_name_len(struct str s)
{
	size_t len = 0;
	for (;;) {
		uint32_t c = 0;
		size_t n = 1;
		if (len < s.len && (unsigned char)s.p[len] < 0x80)
			c = (unsigned char)s.p[len];
		else
			n = utf8_next(str_skip(s, len), &c);
		if (n == 0 || !(len == 0 ? is_name_start(c) : is_name(c)))
			return len;
		len += n;
	}
}

static void add_utf8(struct buf *out, uint32_t c)
{
	if (c < 0x80) {
		buf_add_char(out, (char)c);
		return;
	}
	if (c < 0x800) {
		buf_add_char(out, (char)(0xc0 | c >> 6));
	} else if (c < 0x10000) {
		buf_add_char(out, (char)(0xe0 | c >> 12));
		buf_add_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
	} else {
		buf_add_char(out, (char)(0xf0 | c >> 18));
		buf_add_char(out, (char)(0x80 | (c >> 12 & 0x3f)));
		buf_add_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	buf_add_char(out, (char)(0x80 | (c & 0x3f)));
}

/* "#38;" or "#x26;" at the start of `s`: its length, or 0. */
static size_t numeric_reference(struct str s, uint32_t *c)
{
	struct str digits;
	uint64_t value;
	bool hex = str_starts(s, S("#x"));
	struct str body = str_skip(s, hex ? 2 : 1);
	if (!str_cut(str_head(body, 12), ';', &digits, NULL) ||
	    num_parse_digits(digits, hex ? 16 : 10, &value) || value > 0x10ffff ||
	    !is_char((uint32_t)value))
		return 0;
	*c = (uint32_t)value;
	return s.len - body.len + digits.len + 1;
}

/* What follows an '&': the length of the reference with its ';', or 0 when it is none that is known. */
static size_t reference(struct str s, uint32_t *c)
{
	if (str_starts(s, S("#")))
		return numeric_reference(s, c);
	for (size_t i = 0; i < COUNTOF(entities); i++)
		if (str_starts(s, entities[i].name)) {
			*c = (unsigned char)entities[i].c;
			return entities[i].name.len;
		}
	return 0;
}

/* How many bytes at the start are plain ASCII text: nearly all of a listing is. */
static size_t plain_len(struct str s)
{
	size_t len = 0;
	while (len < s.len && (unsigned char)s.p[len] >= ' ' && (unsigned char)s.p[len] < 0x80 &&
	       s.p[len] != '&')
		len++;
	return len;
}

int xml_chars_check(struct str s, enum xml_chars how)
{
	for (;;) {
		uint32_t c = 0;
		s = str_skip(s, plain_len(s));
		if (s.len == 0)
			return 0;
		size_t n = utf8_next(s, &c);
		if (n == 0 || !is_char(c))
			return -1;
		s = str_skip(s, n);
		if (c != '&' || how == XML_CHARS_PLAIN)
			continue;
		n = reference(s, &c);
		if (n == 0)
			return -1;
		s = str_skip(s, n);
	}
}

void xml_chars_decode(struct str s, struct buf *out)
{
	while (s.len > 0) {
		uint32_t c = 0;
		size_t plain = plain_len(s);
		buf_add_str(out, str_head(s, plain));
		s = str_skip(s, plain);
		if (s.len == 0)
			return;
		char first = s.p[0];
		s = str_skip(s, 1);
		size_t n = first == '&' ? reference(s, &c) : 0;
		if (n > 0)
			add_utf8(out, c);
		else if (first != '\r')
			buf_add_char(out, first);
		else if (!str_starts(s, S("\n")))
			buf_add_char(out, '\n');
		s = str_skip(s, n);
	}
}
