/* The head of an HTTP/1.1 response and the chunked coding (RFC 9112), strict. */
#include "net/http_parse.h"

#include <string.h>

#include "base/num.h"

ptrdiff_t http_parse_find_end(struct str text)
{
	static const char start[] = "HTTP/1.";
	size_t n = text.len < sizeof start - 1 ? text.len : sizeof start - 1;
	size_t line = 0;

	if (n > 0 && memcmp(text.p, start, n) != 0)
		return -1;
	while (line < text.len) {
		const char *lf = memchr(text.p + line, '\n', text.len - line);
		size_t end = lf == NULL ? text.len : (size_t)(lf - text.p);

		if (lf == NULL || end >= HTTP_HEAD_MAX)
			break;
		if (end == line || text.p[end - 1] != '\r')
			return -1;
		if (end == line + 1)
			return (ptrdiff_t)end + 1;
		line = end + 1;
	}
	return text.len >= HTTP_HEAD_MAX ? -1 : 0;
}

static int bad(struct err *e, const char *what, const char *section)
{
	return err_set(e, ERR_KIND_DATA, "malformed answer: %s (RFC 9112 section %s)", what,
	               section);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A byte that a field value or a reason phrase may hold: visible, space, tab, or beyond ASCII. */
static bool is_text(char c)
{
	return ((unsigned char)c >= 0x20 && c != 0x7f) || c == '\t';
}

static bool all_text(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_text(s.p[i]))
			return false;
	return true;
}

static bool is_token(struct str s)
{
	static const char others[] = "!#$%&'*+-.^_`|~";

	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];
		char lower = (char)(c | 0x20);

		if (!is_digit(c) && !(lower >= 'a' && lower <= 'z') &&
		    memchr(others, c, sizeof others - 1) == NULL)
			return false;
	}
	return s.len > 0;
}

/* Take the next line off *text, without its CRLF. The caller knows that every line has one. */
static struct str next_line(struct str *text)
{
	struct str line;

	str_cut(*text, '\n', &line, text);
	return str_head(line, line.len > 0 ? line.len - 1 : 0);
}

static int parse_status_line(struct str line, struct http_head *out, struct err *e)
{
	if (!str_starts(line, S("HTTP/1.")) || line.len < 12 || line.p[8] != ' ')
		return bad(e, "no status line of HTTP/1.0 or 1.1", "4");
	if (line.p[7] != '0' && line.p[7] != '1')
		return bad(e, "not HTTP/1.0 or 1.1", "2.3");
	for (size_t i = 9; i < 12; i++)
		if (!is_digit(line.p[i]))
			return bad(e, "status is not a number", "4");
	if (line.len > 12 && line.p[12] != ' ')
		return bad(e, "status has more than three digits", "4");
	if (!all_text(line))
		return bad(e, "control byte in the status line", "4");
	out->status = (line.p[9] - '0') * 100 + (line.p[10] - '0') * 10 + line.p[11] - '0';
	if (out->status < 100 || out->status > 599)
		return bad(e, "status is not 100 to 599", "4");
	out->keep_alive = line.p[7] == '1';
	return 0;
}

static struct str trim_blanks(struct str s)
{
	while (s.len > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = str_skip(s, 1);
	while (s.len > 0 && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t'))
		s.len--;
	return s;
}

static int parse_field(struct str line, struct http_head *out, struct err *e)
{
	struct http_field f;

	if (line.p[0] == ' ' || line.p[0] == '\t')
		return bad(e, "folded field line", "5.2");
	if (!str_cut(line, ':', &f.name, &f.value))
		return bad(e, "field line without a colon", "5");
	if (!is_token(f.name))
		return bad(e, "field name is not a token", "5.1");
	if (!all_text(f.value))
		return bad(e, "control byte in a field value", "5.5");
	if (out->field_count == HTTP_FIELDS_MAX)
		return bad(e, "more than 128 fields", "5");
	f.value = trim_blanks(f.value);
	out->fields[out->field_count++] = f;
	return 0;
}

static int take_length(struct str value, struct http_head *out, struct err *e)
{
	uint64_t length;

	if (num_parse_digits(value, 10, &length) != 0 || length > INT64_MAX)
		return bad(e, "Content-Length is not a number", "6.2");
	if (out->has_length && out->length != length)
		return bad(e, "two different values of Content-Length", "6.3");
	out->has_length = true;
	out->length = length;
	return 0;
}

static int take_coding(struct str value, struct http_head *out, struct err *e)
{
	if (out->chunked || !str_eq_nocase(value, S("chunked")))
		return bad(e, "Transfer-Encoding other than chunked", "6.1");
	out->chunked = true;
	return 0;
}

static void take_connection(struct str value, struct http_head *out)
{
	bool more = true;

	while (more) {
		struct str option;

		more = str_cut(value, ',', &option, &value);
		option = trim_blanks(option);
		if (str_eq_nocase(option, S("close")))
			out->keep_alive = false;
	}
}

static int take_framing(struct http_head *out, struct err *e)
{
	for (size_t i = 0; i < out->field_count; i++) {
		const struct http_field *f = &out->fields[i];
		int r = 0;

		if (str_eq_nocase(f->name, S("content-length")))
			r = take_length(f->value, out, e);
		else if (str_eq_nocase(f->name, S("transfer-encoding")))
			r = take_coding(f->value, out, e);
		else if (str_eq_nocase(f->name, S("connection")))
			take_connection(f->value, out);
		if (r != 0)
			return -1;
	}
	/* Either means that someone on the way may see another end of the body than we do. */
	if (out->chunked && out->has_length)
		return bad(e, "both Content-Length and Transfer-Encoding", "6.3");
	return 0;
}

int http_parse_head(struct str text, struct http_head *out, struct err *e)
{
	struct str line;

	out->field_count = 0;
	out->chunked = false;
	out->has_length = false;
	out->length = 0;
	if (http_parse_find_end(text) != (ptrdiff_t)text.len || text.len == 0)
		return bad(e, "not a complete head", "2.1");
	if (parse_status_line(next_line(&text), out, e) != 0)
		return -1;
	for (line = next_line(&text); line.len > 0; line = next_line(&text))
		if (parse_field(line, out, e) != 0)
			return -1;
	return take_framing(out, e);
}

struct str http_parse_field(const struct http_head *h, const char *name)
{
	struct str wanted = str_of(name);

	for (size_t i = 0; i < h->field_count; i++)
		if (str_eq_nocase(h->fields[i].name, wanted))
			return h->fields[i].value;
	return S("");
}

/* States of the chunked decoder: what the next byte is. */
enum {
	AT_SIZE, /* a hex digit, ';' or CR */
	AT_EXTENSION,
	AT_SIZE_LF,
	AT_DATA,
	AT_DATA_CR,
	AT_DATA_LF,
	AT_TRAILER, /* the first byte of a trailer line, or the CR of the empty one */
	AT_TRAILER_REST,
	AT_TRAILER_LF,
	AT_LAST_LF,
};

static int hex_digit(char c)
{
	char lower = (char)(c | 0x20);

	if (is_digit(c))
		return c - '0';
	return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static int size_byte(struct http_chunked *c, char byte, struct err *e)
{
	int digit = hex_digit(byte);

	if (digit >= 0) {
		if (++c->line_len > 16 || c->left > INT64_MAX >> 4)
			return bad(e, "chunk size is too large", "7.1");
		c->left = c->left << 4 | (unsigned)digit;
		return 0;
	}
	if (c->line_len == 0 || (byte != '\r' && byte != ';'))
		return bad(e, "chunk size is not a hex number", "7.1");
	c->state = byte == '\r' ? AT_SIZE_LF : AT_EXTENSION;
	return 0;
}

static int extension_byte(struct http_chunked *c, char byte, struct err *e)
{
	if (byte == '\r') {
		c->state = AT_SIZE_LF;
		return 0;
	}
	if (!is_text(byte))
		return bad(e, "control byte in a chunk extension", "7.1.1");
	if (++c->line_len > HTTP_CHUNK_LINE_MAX)
		return bad(e, "chunk extension is too long", "7.1.1");
	return 0;
}

/* Trailer fields are dropped unread (RFC 9112 section 7.1.2 allows it); only their end matters. */
static int trailer_byte(struct http_chunked *c, char byte, struct err *e)
{
	if (byte == '\r') {
		c->state = c->state == AT_TRAILER ? AT_LAST_LF : AT_TRAILER_LF;
		return 0;
	}
	if (!is_text(byte))
		return bad(e, "control byte in a trailer", "7.1.2");
	if (++c->line_len > HTTP_TRAILERS_MAX)
		return bad(e, "trailers are too long", "7.1.2");
	c->state = AT_TRAILER_REST;
	return 0;
}

static int fixed_byte(struct http_chunked *c, char byte, char expected, unsigned next,
                      struct err *e)
{
	if (byte != expected)
		return bad(e, "chunk does not end in CR LF", "7.1");
	c->state = next;
	return 0;
}

static int framing_byte(struct http_chunked *c, char byte, struct err *e)
{
	switch (c->state) {
	case AT_SIZE:
		return size_byte(c, byte, e);
	case AT_EXTENSION:
		return extension_byte(c, byte, e);
	case AT_SIZE_LF:
		c->line_len = 0;
		return fixed_byte(c, byte, '\n', c->left > 0 ? AT_DATA : AT_TRAILER, e);
	case AT_DATA_CR:
		return fixed_byte(c, byte, '\r', AT_DATA_LF, e);
	case AT_DATA_LF:
		return fixed_byte(c, byte, '\n', AT_SIZE, e);
	case AT_TRAILER_LF:
		return fixed_byte(c, byte, '\n', AT_TRAILER, e);
	case AT_LAST_LF:
		c->done = byte == '\n';
		return fixed_byte(c, byte, '\n', AT_LAST_LF, e);
	default:
		return trailer_byte(c, byte, e);
	}
}

int http_parse_chunked(struct http_chunked *c, struct str in, size_t *used, size_t *from,
                       size_t *len, struct err *e)
{
	size_t i = 0;

	*len = 0;
	while (i < in.len && !c->done && c->state != AT_DATA)
		if (framing_byte(c, in.p[i++], e) != 0)
			return -1;
	*from = i;
	if (c->state == AT_DATA) {
		*len = in.len - i < c->left ? in.len - i : (size_t)c->left;
		c->left -= *len;
		if (c->left == 0)
			c->state = AT_DATA_CR;
	}
	*used = i + *len;
	return 0;
}
